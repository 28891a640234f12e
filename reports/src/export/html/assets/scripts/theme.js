"use strict";
// Everything is on the pages without this script; it only sorts, hides, moves and highlights what is there.

// What the parts of the script share.
const site = {
  all: (selector, root = document) => [...root.querySelectorAll(selector)],
  ready: (work) => document.addEventListener("DOMContentLoaded", work),
};

// Before anything is painted: whether there is a script, and the theme that was chosen on any page of this site.
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  root.classList.add("script");
  // A browser may forbid storage, above all to files; the choice then lasts for a page.
  const stored = () => {
    try { return localStorage.getItem("secateur-theme"); } catch { return null; }
  };
  const store = (theme) => {
    try { localStorage.setItem("secateur-theme", theme); } catch { /* It lasts for this page. */ }
  };
  const apply = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  let theme = themes.includes(stored()) ? stored() : "system";
  apply(theme);
  site.ready(() => {
    const button = document.querySelector("[data-theme-button]");
    const name = () => { button.querySelector("span").textContent = theme; };
    name();
    button.addEventListener("click", () => {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      store(theme);
      apply(theme);
      name();
    });
  });
})();

