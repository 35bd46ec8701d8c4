(function () {
  "use strict";
  var root = document.documentElement, button = document.getElementById("language"), key = "crm_pipeline.language";
  function kept(value) {
    try {
      if (value) { localStorage.setItem(key, value); }
      return localStorage.getItem(key);
    } catch (refused) { return null; }
  }
  var titles = Array.prototype.map.call(document.querySelectorAll("[data-zh]"), function (element) {
    var isText = element.localName === "title";
    return { element: element, isText: isText, en: isText ? element.textContent : element.title, zh: element.dataset.zh };
  });
  function show(language) {
    root.lang = language === "zh" ? "zh-CN" : "en";
    titles.forEach(function (each) {
      if (each.isText) { each.element.textContent = each[language]; } else { each.element.title = each[language]; }
    });
    button.setAttribute("aria-label", language === "zh" ? "Switch to English" : "切换到中文");
  }
  var language = kept() || (/^zh\b/i.test(navigator.language || "") ? "zh" : "en");
  button.hidden = false;
  button.addEventListener("click", function () {
    language = language === "zh" ? "en" : "zh";
    kept(language);
    show(language);
  });
  show(language === "zh" ? "zh" : "en");
}());
