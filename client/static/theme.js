// Runs before the first paint, from a file of its own, so that neither a flash nor an inline script is needed.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('taskwire.theme');
  } catch {
    // Storage can be forbidden; the system's theme is then used.
  }
  if (choice === 'light' || choice === 'dark') document.documentElement.dataset.theme = choice;
})();
