"use strict";
// Buttons that copy code, where there is a clipboard; and everything open on paper. The page says all of it without.
for (const button of document.querySelectorAll("button.copy")) {
  const code = document.getElementById(button.dataset.code);
  const status = button.nextElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    let copied = false;
    try {
      await navigator.clipboard.writeText(code.textContent);
      copied = true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      copied = document.execCommand("copy");
    }
    status.textContent = copied ? button.dataset.copied : button.dataset.selected;
  });
}
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not(.numbers):not([open])")) details.open = true;
});
