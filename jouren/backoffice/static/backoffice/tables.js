// Gives each cell of a wide table the name of its column: on a phone, a row is told as a block of named figures.
(function () {
  "use strict";

  function labelCells(table) {
    const names = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr")) {
      let column = 0;
      for (const cell of row.cells) {
        if (cell.tagName === "TD" && !cell.classList.contains("title") && cell.textContent.trim()) {
          cell.dataset.label = names[column] ?? "";
        }
        column += cell.colSpan;
      }
    }
    table.classList.add("is-labelled");
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".jouren-wide table:not(.jouren-stack)").forEach(labelCells);
  });
})();
