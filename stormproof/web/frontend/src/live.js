// Live pages: every `live:<topic>` named in an hx-trigger is listened to on one stream; its event asks htmx for the fragment again.
const TOPIC = /live:([\w-]+)/g
const STALE_AFTER_MS = 40_000
let source = null
let topics = new Set()
let lastHeard = Date.now()
let retry = 1000
let wasLost = false
const again = new Set()

function topicsOnPage() {
  const found = new Set()
  document.querySelectorAll('[hx-trigger*="live:"]').forEach((element) => {
    for (const [, name] of element.getAttribute("hx-trigger").matchAll(TOPIC)) found.add(name)
  })
  return found
}

function dispatch(topic) {
  document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { bubbles: true }))
}

// A fragment that is being fetched may already be out of date: it is asked for once more when it has arrived.
function trigger(topic) {
  if (document.querySelector(`.htmx-request[hx-trigger*="live:${CSS.escape(topic)}"]`)) again.add(topic)
  else dispatch(topic)
}

function askAgain() {
  const topicsAgain = [...again]
  again.clear()
  topicsAgain.forEach(dispatch)
}

function showState(lost) {
  document.documentElement.toggleAttribute("data-stream-lost", lost)
  const banner = document.querySelector("[data-stream-banner]")
  if (!banner) return
  banner.hidden = !lost
  const asOf = banner.querySelector("time")
  if (lost && asOf) {
    asOf.dateTime = new Date(lastHeard).toISOString()
    asOf.textContent = new Date(lastHeard).toLocaleTimeString("en-GB")
  }
}

function heard() {
  lastHeard = Date.now()
  retry = 1000
  showState(false)
  document.querySelectorAll("[data-as-of]").forEach((element) => {
    element.textContent = new Date(lastHeard).toLocaleTimeString("en-GB")
  })
}

function opened() {
  heard()
  if (wasLost) topics.forEach(trigger)
  wasLost = false
}

function lost() {
  wasLost = true
  showState(true)
  source?.close()
  source = null
  setTimeout(connect, retry)
  retry = Math.min(retry * 2, 15_000)
}

function connect() {
  const base = document.documentElement.dataset.live
  if (!base || !topics.size || source) return
  source = new EventSource(`${base}/stream/?topics=${[...topics].sort().join(",")}`, { withCredentials: true })
  source.addEventListener("open", opened)
  source.addEventListener("error", lost)
  source.addEventListener("beat", heard)
  source.addEventListener("lost", () => showState(true))
  topics.forEach((topic) => source.addEventListener(topic, () => { heard(); trigger(topic) }))
}

function follow() {
  const now = topicsOnPage()
  if ([...now].every((topic) => topics.has(topic))) return
  topics = now
  source?.close()
  source = null
  connect()
}

export function startLive() {
  follow()
  document.body.addEventListener("htmx:load", follow)
  document.body.addEventListener("htmx:afterSettle", askAgain)
  document.body.addEventListener("htmx:sendError", () => setTimeout(askAgain, 3000))
  document.body.addEventListener("htmx:responseError", () => setTimeout(askAgain, 3000))
  setInterval(() => { if (source && Date.now() - lastHeard > STALE_AFTER_MS) lost() }, 5000)
  window.addEventListener("offline", lost)
  window.addEventListener("online", () => { retry = 250; connect() })
  window.addEventListener("pagehide", () => { source?.close(); source = null })
  window.addEventListener("pageshow", (event) => { if (event.persisted) { topics.forEach(trigger); connect() } })
}
