// <div data-graph="id-of-json-script">: the interactive map (cytoscape, laid out by dagre from left to right).
// JSON: {nodes: [{id, label, kind, state, url?}], edges: [{from, to, label?, tone?}]}
// The element gets `element.graph` (the cytoscape instance) and fires "graph:ready" and "graph:pick" ({detail: {id}}).
// Set `data-graph-follow` to make a click go to the node's page. `element.graph.paintStates({id: state})` repaints.
import cytoscape from "cytoscape"
import dagre from "cytoscape-dagre"
import { colourOf } from "./colours.js"

cytoscape.use(dagre)

// Cytoscape would add a style element of its own, which the content security policy refuses; its one rule is in console.css.
const placeholder = document.createElement("template")
placeholder.id = "__________cytoscape_stylesheet"
document.head.append(placeholder)

function styleSheet() {
  const text = colourOf("--tblr-body-color")
  const states = ["up", "degraded", "down", "maintenance", "unknown"].map((state) => ({
    selector: `node[state="${state}"]`,
    style: { "border-color": colourOf(`--sp-${state}`), "border-style": state === "unknown" ? "dashed" : "solid" },
  }))
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle", width: "label", height: 26, padding: "9px", label: "data(label)", color: text,
        "background-color": colourOf("--tblr-bg-surface"), "border-width": 2, "border-color": colourOf("--sp-unknown"),
        "font-family": "Inter Variable, sans-serif", "font-size": 13, "text-valign": "center", "text-halign": "center",
      },
    },
    { selector: 'node[kind="function"]', style: { "font-weight": 600 } },
    { selector: 'node[kind="supplier"]', style: { shape: "hexagon" } },
    ...states,
    { selector: 'node[state="down"]', style: { "border-width": 3 } },
    { selector: "node.single", style: { "border-style": "double", "border-width": 5 } },
    { selector: "node.stopped", style: { "background-color": colourOf("--sp-down-soft"), "border-color": colourOf("--sp-down") } },
    { selector: "node.picked", style: { "border-width": 4 } },
    { selector: "node.dimmed", style: { opacity: 0.45 } },
    {
      selector: "edge",
      style: {
        width: 1.5, "line-color": colourOf("--sp-line"), "target-arrow-color": colourOf("--sp-line"), "target-arrow-shape": "triangle",
        "curve-style": "bezier", label: "data(label)", color: text, "font-size": 11, "text-background-opacity": 1,
        "text-background-color": colourOf("--tblr-bg-surface"), "text-background-padding": "2px",
      },
    },
    {
      selector: "edge.dimmed",
      style: { opacity: 0.45 },
    },
    {
      selector: 'edge[tone="down"], edge.stopped',
      style: { "line-color": colourOf("--sp-down"), "target-arrow-color": colourOf("--sp-down"), "line-style": "dashed" },
    },
  ]
}

function elementsOf({ nodes, edges }) {
  return [
    ...nodes.map((node) => ({ data: { ...node, id: String(node.id) } })),
    ...edges.map((edge) => ({
      data: { label: "", ...edge, id: `${edge.from}>${edge.to}>${edge.label ?? ""}`, source: String(edge.from), target: String(edge.to) },
    })),
  ]
}

function listen(element, graph) {
  graph.on("tap", "node", (event) => {
    const { id, url } = event.target.data()
    if (element.hasAttribute("data-graph-follow") && url) window.location.assign(url)
    element.dispatchEvent(new CustomEvent("graph:pick", { bubbles: true, detail: { id } }))
  })
  new MutationObserver(() => graph.style(styleSheet())).observe(
    document.documentElement, { attributeFilter: ["data-bs-theme"] })
}

// Cytoscape would add an inline <style>, which the content security policy refuses; our own sheet holds its one rule.
function claimStyleSheet() {
  if (document.getElementById("__________cytoscape_stylesheet")) return
  const mark = document.createElement("meta")
  mark.id = "__________cytoscape_stylesheet"
  document.head.append(mark)
}

export function drawGraph(element) {
  element.setAttribute("data-drawn", "")
  const data = JSON.parse(document.getElementById(element.dataset.graph).textContent)
  claimStyleSheet()
  const graph = cytoscape({
    container: element,
    elements: elementsOf(data),
    style: styleSheet(),
    layout: { name: "dagre", rankDir: "LR", nodeSep: 18, rankSep: 70, animate: false, padding: 16 },
    minZoom: 0.2,
    maxZoom: 2,
    wheelSensitivity: 0.3,
    autoungrabify: true,
  })
  graph.paintStates = (states) => graph.batch(() => {
    for (const [id, state] of Object.entries(states)) graph.getElementById(String(id)).data("state", state)
  })
  element.graph = graph
  listen(element, graph)
  element.dispatchEvent(new CustomEvent("graph:ready", { bubbles: true }))
}
