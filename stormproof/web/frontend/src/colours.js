// The value of a colour variable as the browser resolves it (rgb), for libraries that cannot read var() or color-mix().
export function colourOf(name) {
  const probe = document.createElement("span")
  probe.hidden = true
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}
