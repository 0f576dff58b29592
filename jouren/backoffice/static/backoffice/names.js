// Gives controls of Wagtail's a name for people who hear the screen: those in blocks have their heading beside them only.
(function () {
  "use strict";
  const CONTROLS = "input:not([type=hidden]), textarea, select, [role=textbox]";

  function isNamed(control) {
    return (
      control.labels?.length || ["aria-label", "aria-labelledby", "title"].some((name) => control.getAttribute(name))
    );
  }

  function headingOf(control) {
    const label = control.closest(".w-field__wrapper")?.querySelector(".w-field__label");
    const heading = control.closest(".w-panel")?.querySelector(".w-panel__heading-label, .w-panel__heading");
    const button = control.closest("form, .replace-file-input")?.querySelector("label, button");
    return [label, heading, button].map((found) => found?.textContent.replace(/[\s*]+/g, " ").trim()).find(Boolean);
  }

  function mend() {
    for (const control of document.querySelectorAll(CONTROLS)) {
      const name = isNamed(control) ? "" : headingOf(control);
      if (name) control.setAttribute("aria-label", name);
    }
    // A link to the next tab is no tab.
    for (const link of document.querySelectorAll("a[role=tab]")) {
      if (!link.closest("[role=tablist]")) link.removeAttribute("role");
    }
  }

  let isPlanned = false;
  new MutationObserver(() => {
    if (isPlanned) return;
    isPlanned = true;
    window.requestAnimationFrame(() => {
      isPlanned = false;
      mend();
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", mend);
})();
