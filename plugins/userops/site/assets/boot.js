// Language and theme before the first paint, so that nothing flashes.
"use strict";
(() => {
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // a browser may refuse storage to a page opened from a folder
    }
  };
  const root = document.documentElement;
  const language = kept("userops-language") || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  root.dataset.lang = language;
  root.lang = language === "zh" ? "zh-CN" : "en";
  root.dataset.theme = kept("userops-theme") || "auto";
})();
