// <form data-what-if>: clicks on the map tick the table's boxes; the answer's JSON ("paint") colours the map.
function paint(form) {
  const element = form.querySelector("[data-graph]")
  const graph = element?.graph
  if (!graph) return
  const { states, picked, stopped, single } = JSON.parse(document.getElementById("paint").textContent)
  graph.paintStates(states)
  graph.batch(() => {
    graph.nodes().forEach((node) => {
      const id = node.id()
      node.toggleClass("picked", picked.includes(id))
      node.toggleClass("stopped", stopped.includes(id))
      node.toggleClass("single", single.includes(id))
      node.toggleClass("dimmed", picked.length > 0 && !stopped.includes(id))
    })
    graph.edges().forEach((edge) => {
      const broken = stopped.includes(edge.data("source")) && stopped.includes(edge.data("target"))
      edge.toggleClass("stopped", broken)
      edge.toggleClass("dimmed", picked.length > 0 && !broken)
    })
  })
}

function remember(form) {
  const query = new URLSearchParams(new FormData(form)).toString()
  history.replaceState(null, "", query ? `?${query}` : location.pathname)
}

export function startWhatIf(form) {
  form.addEventListener("graph:ready", () => paint(form))
  form.addEventListener("graph:pick", ({ detail }) => {
    const box = form.querySelector(`input[data-node="${detail.id}"]`)
    if (!box) return
    box.checked = !box.checked
    box.dispatchEvent(new Event("change", { bubbles: true }))
  })
  form.addEventListener("change", () => remember(form))
  document.body.addEventListener("htmx:load", (event) => {
    if (event.target.id === "what-if") paint(form)
  })
}
