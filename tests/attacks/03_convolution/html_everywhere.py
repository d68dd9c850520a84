# what: scripts and escape sequences in outputs, results, names, exceptions and Markdown
# points: 0

# %% after=setup
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display

evil = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
print(evil, "\x1b[31m", "\x1b]0;owned\x07")
display(HTML(evil), Javascript("document.title='owned'"), Latex(evil))
display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"document.title='owned'\">{evil}</svg>"))
display(Markdown(f"[click](javascript:document.title='owned') {evil}"))
display({"text/plain": evil, f"text/{evil}": evil, "application/javascript": "document.title='owned'"}, raw=True)


# %% after=data
raise type("<script>document.title='owned'</script>", (Exception,), {})("<script>document.title='owned'</script>")


# %% replace=output-size
def output_size(*args, **kwargs):
    return "<script>document.title='owned'</script>"


# %% replace=padding-for
def padding_for(*args, **kwargs):
    raise ValueError("</td></table><script>document.title='owned'</script>")


# %% replace=conv2d
def conv2d(*args, **kwargs):
    return type("<script>document.title='owned'</script>", (), {"__repr__": lambda self: "<script>alert(1)</script>"})()


# %% replace=explain-flip
# <script>document.title='owned'</script> [click](javascript:document.title='owned')
# <iframe src="javascript:document.title='owned'"></iframe> <svg onload="document.title='owned'">
