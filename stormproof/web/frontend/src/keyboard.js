// Keys: j/k move in a list, enter opens, x ticks, / searches in the page, g + letter goes to a stage, ? shows the keys.
import { openPalette } from "./palette.js"

let goPressed = 0

function isTyping(target) {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)
}

function rows() {
  return [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null)
}

function move(step) {
  const all = rows()
  if (!all.length) return
  const current = all.findIndex((row) => row.classList.contains("sp-current"))
  const next = all[Math.min(all.length - 1, Math.max(0, current + step))]
  all[current]?.classList.remove("sp-current")
  next.classList.add("sp-current")
  next.scrollIntoView({ block: "nearest" })
  const link = next.matches("a") ? next : next.querySelector("a[href]")
  link?.focus({ preventScroll: true })
}

function current() {
  return document.querySelector("[data-row].sp-current")
}

function openCurrent(event) {
  if (["A", "BUTTON", "SUMMARY"].includes(event.target.tagName)) return
  const row = current()
  const link = row?.matches("a") ? row : row?.querySelector("a[href]")
  link?.click()
}

function tickCurrent() {
  current()?.querySelector('input[type="checkbox"]')?.click()
}

function go(key) {
  document.querySelector(`[data-go="${CSS.escape(key)}"]`)?.click()
}

function showKeys() {
  const dialog = document.querySelector("[data-keys-dialog]")
  if (dialog && !dialog.open) dialog.showModal()
}

const ACTS = {
  j: () => move(1),
  k: () => move(-1),
  Enter: openCurrent,
  x: tickCurrent,
  "/": (event) => {
    const field = document.querySelector("[data-filters] input[type=search]")
    event.preventDefault()
    if (field) field.focus()
    else openPalette()
  },
  "?": showKeys,
  g: () => { goPressed = Date.now() },
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
  if (document.querySelector("dialog[open]")) return
  if (Date.now() - goPressed < 1200) {
    goPressed = 0
    go(event.key)
    return
  }
  ACTS[event.key]?.(event)
}

export function startKeyboard() {
  document.addEventListener("keydown", onKey)
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-keys]")) showKeys()
    if (event.target.closest("[data-close-dialog]")) event.target.closest("dialog")?.close()
  })
}
