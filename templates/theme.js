// Before the first paint: the colours that were chosen here. Blocking on purpose, and small for that reason.
try {
  const theme = localStorage.getItem("wakegate-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is not allowed here: as the system has it.
}
document.documentElement.classList.add("scripted");
