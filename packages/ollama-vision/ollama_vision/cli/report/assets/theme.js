"use strict";
// Light or dark: as the system says, until the button says otherwise.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const remember = theme => {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch { /* storage is switched off: the choice lasts as long as the page */ }
  };
  const remembered = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const systems = () => (system.matches ? "dark" : "light");
  const show = theme => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  root.classList.add("js");
  show(remembered());

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const name = () => { button.textContent = (root.dataset.theme || systems()) === "dark" ? "Light" : "Dark"; };
    button.hidden = false;
    name();
    system.addEventListener("change", name);
    button.addEventListener("click", () => {
      const wanted = (root.dataset.theme || systems()) === "dark" ? "light" : "dark";
      const chosen = wanted === systems() ? null : wanted;
      show(chosen);
      remember(chosen);
      name();
    });
  });
})();
