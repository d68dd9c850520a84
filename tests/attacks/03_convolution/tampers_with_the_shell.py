# what: strips asserts from all later cells, hides tracebacks, and replaces the shell's methods
# points: 0

# %% after=setup
import ast

from IPython import get_ipython

shell = get_ipython()


class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()

    def visit_Expr(self, node):
        return ast.Pass()


shell.ast_transformers.append(NoAsserts())
shell.showtraceback = shell._showtraceback = lambda *args, **kwargs: None
shell.input_transformers_cleanup.append(lambda lines: ["pass\n"])
real = shell.run_cell


def run_cell(source, *args, **kwargs):
    result = real("None", *args, **kwargs)
    result.error_in_exec = None
    return result


shell.run_cell = run_cell
shell.user_ns["check"] = lambda *args, **kwargs: None
