// Shows how somebody's words will look while they write them. Sends nothing; without it the page works as well.
(() => {
  const form = document.querySelector(".voice form");
  const example = document.getElementById("voice-example");
  if (!form || !example) return;
  const words = example.querySelector("[data-voice=text]");
  const name = example.querySelector("[data-voice=name]");
  const shown = (select) => (select && select.value ? select.selectedOptions[0].textContent.trim() : "");
  const show = () => {
    const text = form.elements.text.value.trim();
    example.closest(".field").hidden = !text;
    words.textContent = text;
    words.style.whiteSpace = "pre-line";
    const choice = form.querySelector("input[name=name_form]:checked");
    const label = choice ? choice.closest("label").textContent.trim() : "";
    const nickname = form.elements.nickname;
    nickname.closest(".field").hidden = !choice || choice.value !== "nickname";
    const called = !choice ? "…" : choice.value === "nickname" ? nickname.value.trim() || "…" : label.replace(/^[^::]*[::]\s*/, "");
    const about = [shown(form.elements.age_group), shown(form.elements.prefecture)].filter(Boolean).join(" · ");
    name.textContent = about ? `${called} (${about})` : called;
  };
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
})();
