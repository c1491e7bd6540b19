// Clocks that count. The server says what is true at `data-as-of`; between two answers the page counts on by itself.
//   data-count-down="<ISO moment>"          time left until then, "2:10 over" after it
//   data-count-up="<ISO moment>"            time since then
//   data-money="903.20" data-money-rate="41.03" data-money-as-of="<ISO>" data-currency="EUR"   money so far, per minute
//   data-progress-from / data-progress-to on a <progress>                                      share of the time that is used
//   data-clock                              the wall clock of the top bar
const zone = document.documentElement.dataset.zone || undefined
const wall = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone })

export function durationText(seconds) {
  const total = Math.floor(Math.abs(seconds))
  const hours = Math.floor(total / 3600)
  const minutes = Math.floor((total % 3600) / 60)
  const two = (number) => String(number).padStart(2, "0")
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  return hours ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`
}

function countDown(element, now) {
  const left = (new Date(element.dataset.countDown) - now) / 1000
  element.textContent = left >= 0 ? `${durationText(left)} left` : `${durationText(left)} over`
  element.classList.toggle("sp-over", left < 0)
}

function countUp(element, now) {
  element.textContent = durationText((now - new Date(element.dataset.countUp)) / 1000)
}

function countMoney(element, now) {
  const { money, moneyRate, moneyAsOf, currency } = element.dataset
  const minutes = Math.max(0, (now - new Date(moneyAsOf)) / 60_000)
  const amount = Number(money) + Number(moneyRate) * minutes
  const digits = amount < 1000 ? 2 : 0
  const text = amount.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
  element.textContent = `${text.replaceAll(",", "\u202f")} ${currency}`
}

function progress(element, now) {
  const from = new Date(element.dataset.progressFrom)
  const to = new Date(element.dataset.progressTo)
  element.value = Math.min(1, Math.max(0, (now - from) / (to - from)))
  element.classList.toggle("sp-over", now > to)
}

function tick() {
  const now = new Date()
  document.querySelectorAll("[data-count-down]").forEach((element) => countDown(element, now))
  document.querySelectorAll("[data-count-up]").forEach((element) => countUp(element, now))
  document.querySelectorAll("[data-money]").forEach((element) => countMoney(element, now))
  document.querySelectorAll("progress[data-progress-to]").forEach((element) => progress(element, now))
  document.querySelectorAll("[data-clock]").forEach((element) => { element.textContent = wall.format(now) })
}

export function startClocks() {
  tick()
  setInterval(tick, 1000)
  document.body.addEventListener("htmx:load", tick)
}
