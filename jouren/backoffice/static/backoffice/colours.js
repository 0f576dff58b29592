// Beside the shop's colour in writing: the browser's own field for choosing one. Without scripts the writing is enough.
(function () {
  "use strict";
  const WRITTEN = /^#[0-9a-f]{6}$/i;

  function offer(written) {
    const chooser = document.createElement("input");
    chooser.type = "color";
    chooser.className = "jouren-colour";
    chooser.setAttribute("aria-label", written.labels?.[0]?.textContent.replace(/[\s*]+/g, " ").trim() || written.name);
    const show = () => {
      if (WRITTEN.test(written.value)) chooser.value = written.value;
    };
    chooser.value = WRITTEN.test(written.placeholder) ? written.placeholder : "#1f6f54";
    show();
    written.addEventListener("input", show);
    chooser.addEventListener("input", () => {
      written.value = chooser.value;
      written.dispatchEvent(new Event("input", { bubbles: true }));
      written.dispatchEvent(new Event("change", { bubbles: true }));
    });
    // In the set-up one's own colour is one of the choices.
    written.addEventListener("input", () => {
      const own = written.form?.querySelector('input[name="choice"][value="own"]');
      if (own) own.checked = true;
    });
    const row = document.createElement("span");
    row.className = "jouren-colour-row";
    written.replaceWith(row);
    row.append(chooser, written);
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("input#id_colour").forEach(offer);
  });
})();
