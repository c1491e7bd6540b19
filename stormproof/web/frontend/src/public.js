// The public status page: relative times, and the honesty of an old copy. A page that was made long ago (a cache, a tab
// that slept) must not go on saying that all is well: it says that it does not know.
const OLD_AFTER_MS = 3 * 60_000
let made = new Date(document.documentElement.dataset.madeAt)
const clock = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" })
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" })

function showTimes() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime)
    const sameDay = moment.toDateString() === new Date().toDateString()
    element.title = `${element.dateTime.slice(0, 16).replace("T", " ")} UTC`
    element.textContent = (sameDay ? hour : clock).format(moment)
  }
}

function ownUp() {
  if (Date.now() - made < OLD_AFTER_MS) return
  const truth = document.querySelector("[data-truth]")
  const components = document.querySelectorAll("[data-component]")
  truth.className = "truth unknown"
  truth.firstElementChild.textContent = `This copy is from ${clock.format(made)}. We cannot tell how things are now.`
  for (const badge of components) {
    badge.className = "badge unknown"
    badge.textContent = "Unknown"
  }
}

async function renew() {
  if (document.visibilityState !== "visible" || document.activeElement?.matches("input")) return
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } })
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html")
    const freshMade = new Date(fresh.documentElement.dataset.madeAt)
    if (!answer.ok || !(freshMade > made)) return
    document.querySelector(".wrap").replaceWith(fresh.querySelector(".wrap"))
    document.title = fresh.title
    made = freshMade
    showTimes()
  } catch {
    // no answer: what is shown grows old, and says so
  }
  ownUp()
}

showTimes()
ownUp()
setInterval(ownUp, 15_000)
setInterval(renew, 60_000)
