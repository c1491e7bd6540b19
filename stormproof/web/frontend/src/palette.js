// Ctrl-K: goes anywhere and does most things. The server answers with an HTML list of links; arrows choose, enter opens.
let waiting = 0
let asked = 0

function parts() {
  const dialog = document.querySelector("[data-palette]")
  return { dialog, field: dialog?.querySelector("input"), list: dialog?.querySelector("[data-palette-list]") }
}

function options() {
  return [...(parts().list?.querySelectorAll("[role=option]") ?? [])]
}

function choose(index) {
  const all = options()
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)))
  all[index]?.scrollIntoView({ block: "nearest" })
  parts().field?.setAttribute("aria-activedescendant", all[index]?.id ?? "")
}

function chosen() {
  return options().findIndex((option) => option.getAttribute("aria-selected") === "true")
}

async function ask() {
  const { field, list, dialog } = parts()
  const mine = ++asked
  const answer = await fetch(`${dialog.dataset.palette}?q=${encodeURIComponent(field.value)}`, {
    headers: { "X-Requested-With": "fetch" },
  })
  if (!answer.ok || mine !== asked) return
  list.innerHTML = await answer.text()
  choose(0)
}

function onKey(event) {
  const all = options()
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step && all.length) {
    event.preventDefault()
    choose((chosen() + step + all.length) % all.length)
  }
  if (event.key === "Enter") {
    event.preventDefault()
    all[chosen()]?.click()
  }
}

export function openPalette() {
  const { dialog, field } = parts()
  if (!dialog || dialog.open) return
  dialog.showModal()
  field.value = ""
  ask()
}

export function startPalette() {
  const { dialog, field } = parts()
  if (!dialog) return
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault()
      openPalette()
    }
  })
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-palette]")) openPalette()
  })
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close() })
  field.addEventListener("keydown", onKey)
  field.addEventListener("input", () => {
    clearTimeout(waiting)
    waiting = setTimeout(ask, 120)
  })
}
