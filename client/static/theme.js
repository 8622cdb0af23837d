// Runs before the first paint to avoid a flash; a file, since the CSP allows no inline script.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('taskwire.theme');
  } catch {
    // Storage can be forbidden; the system's theme is then used.
  }
  if (choice === 'light' || choice === 'dark') document.documentElement.dataset.theme = choice;
})();
