// The console's own behaviour. Each part finds its elements by data attributes, also in fragments htmx brings later.
import { Collapse, Dropdown, Offcanvas } from "@tabler/core/dist/js/tabler.esm.js"
import "./console.css"
import { startClocks } from "./clocks.js"
import { startKeyboard } from "./keyboard.js"
import { startLive } from "./live.js"
import { startPalette } from "./palette.js"
import { explainPasskeys } from "./passkeys.js"
import { showTimes } from "./times.js"

void [Collapse, Dropdown, Offcanvas]

async function bringCharts(root) {
  const charts = root.querySelectorAll("[data-chart]:not([data-drawn])")
  if (!charts.length) return
  const { drawChart } = await import("./chart.js")
  charts.forEach(drawChart)
}

async function bringGraphs(root) {
  const graphs = root.querySelectorAll("[data-graph]:not([data-drawn])")
  if (!graphs.length) return
  const { drawGraph } = await import("./graph.js")
  graphs.forEach(drawGraph)
}

async function bringWhatIf() {
  const form = document.querySelector("form[data-what-if]")
  if (form) (await import("./whatif.js")).startWhatIf(form)
}

function dress(root) {
  showTimes(root)
  bringCharts(root)
  bringGraphs(root)
}

function submitFiltersOnChange() {
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-filters]")
    if (form) form.requestSubmit()
  })
}

function unlockWhenTheNameIsTyped() {
  document.addEventListener("input", (event) => {
    const wanted = event.target.dataset?.confirmName
    if (wanted === undefined) return
    const button = event.target.form?.querySelector("[data-confirm-button]")
    if (button) button.disabled = event.target.value.trim() !== wanted
  })
}

function copyOnClick() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]")
    if (!button) return
    await navigator.clipboard.writeText(button.dataset.copy)
    button.setAttribute("data-copied", "")
    setTimeout(() => button.removeAttribute("data-copied"), 1500)
  })
}

bringWhatIf()
dress(document)
startClocks()
startKeyboard()
startPalette()
startLive(dress)
explainPasskeys()
submitFiltersOnChange()
unlockWhenTheNameIsTyped()
copyOnClick()
document.body.addEventListener("htmx:load", (event) => dress(event.target))
