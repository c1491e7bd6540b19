// <div data-chart="id-of-json-script" | data-chart-url="...">: lines over time, drawn as SVG by ECharts.
// JSON: {unit, series: [{name, points: [[epoch_ms, value|null], ...], tone?}], limit?: {name, value},
//        area?: {name, points: [[epoch_ms, low, high], ...]}: a shaded range behind the lines, dashed?: true on a series,
//        bands?: [{from, to, name, tone}], marks?: [{at, name}], kind?: "line"|"bar"}
import { BarChart, LineChart } from "echarts/charts"
import {
  AriaComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent,
} from "echarts/components"
import { init, use } from "echarts/core"
import { SVGRenderer } from "echarts/renderers"
import { colourOf } from "./colours.js"

use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent,
  TooltipComponent, SVGRenderer])

const still = matchMedia("(prefers-reduced-motion: reduce)")

function tone(name) {
  return colourOf(`--sp-${name ?? "accent"}`)
}

function seriesOf(series, index, data) {
  return {
    type: data.kind ?? "line", name: series.name, data: series.points, showSymbol: false, connectNulls: false,
    lineStyle: { width: 2, type: series.dashed ? "dashed" : "solid" }, color: series.tone ? tone(series.tone) : undefined, animation: false,
    areaStyle: data.series.length === 1 && data.kind !== "bar" ? { opacity: 0.12 } : undefined,
    markLine: index === 0 ? marksOf(data) : undefined,
    markArea: index === 0 && data.bands ? { silent: true, data: data.bands.map(bandOf) } : undefined,
  }
}

// Two stacked lines nobody sees: the lower edge, and the height above it, which is filled.
function areaOf(area) {
  const edge = { type: "line", stack: "area", showSymbol: false, silent: true, lineStyle: { opacity: 0 }, animation: false, color: tone("unknown"), tooltip: { show: false } }
  return [
    { ...edge, name: `${area.name} from`, data: area.points.map(([at, low]) => [at, low]) },
    { ...edge, name: area.name, data: area.points.map(([at, low, high]) => [at, high - low]), areaStyle: { opacity: 0.18 } },
  ]
}

function marksOf(data) {
  const lines = (data.marks ?? []).map((mark) => ({ xAxis: mark.at, label: { formatter: mark.name } }))
  if (data.limit) lines.push({ yAxis: data.limit.value, label: { formatter: data.limit.name, position: "insideEndTop" } })
  return lines.length ? { silent: true, symbol: "none", lineStyle: { color: tone("down"), type: "dashed" }, data: lines } : undefined
}

function bandOf(band) {
  return [{ xAxis: band.from, name: band.name, itemStyle: { color: tone(band.tone ?? "down"), opacity: 0.12 } }, { xAxis: band.to }]
}

function optionOf(data) {
  const muted = colourOf("--tblr-secondary")
  const line = { lineStyle: { color: colourOf("--tblr-border-color") } }
  return {
    animation: !still.matches && false,
    aria: { enabled: true },
    textStyle: { fontFamily: "Inter Variable, sans-serif" },
    grid: { left: 8, right: 12, top: data.series.length > 1 ? 32 : 12, bottom: 4, containLabel: true },
    legend: data.series.length > 1 ? { top: 0, left: 0, textStyle: { color: muted }, data: [...data.series, ...(data.area ? [data.area] : [])].map((series) => series.name) } : undefined,
    tooltip: {
      trigger: "axis", confine: true, backgroundColor: colourOf("--tblr-bg-surface"), borderColor: colourOf("--tblr-border-color"),
      textStyle: { color: colourOf("--tblr-body-color") },
      valueFormatter: (value) => (value == null ? "no data" : `${Number(value).toLocaleString("en")} ${data.unit ?? ""}`),
    },
    dataZoom: data.zooms ? [{ type: "inside", filterMode: "none" }] : undefined,
    xAxis: { type: "time", min: data.from, max: data.to, axisLine: line, axisTick: line, axisLabel: { color: muted, hideOverlap: true } },
    yAxis: { type: "value", min: data.min ?? 0, max: data.max, splitLine: line, axisLabel: { color: muted } },
    series: [...data.series.map((series, index) => seriesOf(series, index, data)), ...(data.area ? areaOf(data.area) : [])],
  }
}

async function dataOf(element, from, to) {
  if (from !== undefined) {
    const url = new URL(element.dataset.chartUrl, location.href)
    url.searchParams.set("from", from)
    url.searchParams.set("to", to)
    return (await fetch(url)).json()
  }
  if (element.dataset.chartUrl) return (await fetch(element.dataset.chartUrl)).json()
  return JSON.parse(document.getElementById(element.dataset.chart).textContent)
}

// data-chart-zoom: the wheel and dragging zoom; after a pause the finer data of that span is fetched and drawn.
function refineOnZoom(element, chart, read, show) {
  const whole = { from: read().from, to: read().to }
  let timer
  chart.on("datazoom", () => {
    clearTimeout(timer)
    timer = setTimeout(async () => {
      const { start, end } = chart.getOption().dataZoom[0]
      if (start === 0 && end === 100) return
      const { from, to } = read()
      const span = to - from
      show(await dataOf(element, Math.round(from + (span * start) / 100), Math.round(from + (span * end) / 100)))
    }, 350)
  })
  element.addEventListener("dblclick", async () => show(await dataOf(element, whole.from, whole.to)))
}

export async function drawChart(element) {
  if (element.hasAttribute("data-drawn")) return // brought twice before it was drawn once
  element.setAttribute("data-drawn", "")
  let data = await dataOf(element)
  const zooms = "chartZoom" in element.dataset
  const chart = init(element, null, { renderer: "svg" })
  const paint = () => chart.setOption(optionOf({ ...data, zooms }), true)
  paint()
  if (zooms) refineOnZoom(element, chart, () => data, (fresh) => { data = fresh; paint() })
  new ResizeObserver(() => chart.resize()).observe(element)
  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] })
}
