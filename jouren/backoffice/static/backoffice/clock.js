// Follows a sandbox's clock while it travels. Without it the bar shows the time at which the screen was made.
(function () {
  "use strict";
  const line = document.querySelector("[data-jouren-clock]");
  if (!line) return;
  const now = line.querySelector("[data-now]");
  const target = line.querySelector("[data-target]");
  const targetLine = line.querySelector("[data-target-line]");
  const arrived = line.querySelector("[data-arrived]");
  let travelled = false;

  async function look() {
    let wait = 15000;
    try {
      const answer = await fetch(line.dataset.jourenClock, { headers: { Accept: "application/json" } });
      const state = await answer.json();
      now.textContent = state.now;
      target.textContent = state.target;
      targetLine.hidden = !state.target;
      travelled = travelled || Boolean(state.target);
      arrived.hidden = !travelled || Boolean(state.target) || !arrived.getAttribute("href");
      if (state.target) wait = 1000;
    } catch (error) {
      wait = 60000; // signed out or offline: the screen itself will say so
    }
    window.setTimeout(look, wait);
  }

  travelled = line.dataset.travels === "yes";
  window.setTimeout(look, travelled ? 500 : 15000);
})();
