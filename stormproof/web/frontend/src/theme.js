// Runs before the first paint: the theme the reader chose, or the one the system asks for.
const chosen = localStorage.getItem("stormproof-theme")
const dark = matchMedia("(prefers-color-scheme: dark)")

function apply() {
  const theme = localStorage.getItem("stormproof-theme") ?? (dark.matches ? "dark" : "light")
  document.documentElement.setAttribute("data-bs-theme", theme)
}

if (chosen !== "light" && chosen !== "dark") localStorage.removeItem("stormproof-theme")
apply()
dark.addEventListener("change", apply)
document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-theme-choice]")?.dataset.themeChoice
  if (!choice) return
  if (choice === "auto") localStorage.removeItem("stormproof-theme")
  else localStorage.setItem("stormproof-theme", choice)
  apply()
})
