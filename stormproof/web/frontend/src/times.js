// <time data-show="relative|clock|moment" datetime="...">: in the reader's zone, with UTC in the title.
const zone = document.documentElement.dataset.zone || undefined
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" })
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone })
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone })
const moment = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: zone,
})
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long", timeZone: zone })
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]]

export function relativeText(then, now) {
  const seconds = Math.round((then - now) / 1000)
  if (Math.abs(seconds) < 5) return "just now"
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length)
  return relative.format(Math.trunc(seconds / size), unit).replace(". ", " ")
}

function clockText(then, now) {
  const sameDay = day.format(then) === day.format(now)
  return sameDay ? clock.format(then) : `${day.format(then)}, ${clock.format(then)}`
}

function textOf(show, then, now) {
  if (show === "clock") return clockText(then, now)
  if (show === "moment") return moment.format(then)
  return relativeText(then, now)
}

function show(element) {
  const then = new Date(element.dateTime)
  if (Number.isNaN(then.getTime())) return
  const text = textOf(element.dataset.show, then, new Date())
  if (element.textContent !== text) element.textContent = text
  const utc = then.toISOString().replace("T", " ").slice(0, 19)
  element.title = `${full.format(then)} · ${utc} UTC`
}

export function showTimes(root) {
  root.querySelectorAll("time[data-show]").forEach(show)
}

setInterval(() => document.querySelectorAll('time[data-show="relative"]').forEach(show), 10_000)
