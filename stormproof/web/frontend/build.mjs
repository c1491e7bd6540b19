// Builds the console's assets into ../static/built with names that carry their content's hash.
// Run as `npm ci --ignore-scripts && node build.mjs`. Nothing it makes is committed.
import { build } from "esbuild"
import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { brotliCompressSync, gzipSync } from "node:zlib"

const here = dirname(fileURLToPath(import.meta.url))
const web = dirname(here)
const product = dirname(web)
const target = join(web, "static", "built")
const fresh = `${target}.new`
const COMPRESSED = /\.(js|css|svg)$/
const ICON_USED = /(?:\bicon(?:_name)?=|\bicon\(|{%\s*icon\s+)["']([a-z0-9-]+)["']/g
const ICON_SOURCES = /\.(html|py)$/

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !path.includes("node_modules") && !path.includes("/static/"))
}

// The icons named in templates and Python: `{% icon "name" %}` or `icon="name"`.
function iconsUsed() {
  const used = new Map()
  for (const path of filesUnder(product).filter((name) => ICON_SOURCES.test(name))) {
    for (const [, name] of readFileSync(path, "utf8").matchAll(ICON_USED)) used.set(name, relative(product, path))
  }
  return [...used].sort()
}

function symbolOf([name, usedIn]) {
  const path = join(here, "node_modules/@tabler/icons/icons/outline", `${name}.svg`)
  let svg
  try {
    svg = readFileSync(path, "utf8")
  } catch {
    throw new Error(`${usedIn} uses the icon "${name}", which Tabler Icons does not have (see tabler.io/icons)`)
  }
  const shape = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").replace(/<path stroke="none"[^>]*>/, "")
  return `<symbol id="${name}" viewBox="0 0 24 24">${shape.trim()}</symbol>`
}

function writeHashed(name, extension, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase()
  const file = `${name}-${hash}.${extension}`
  writeFileSync(join(fresh, file), text)
  return file
}

function compress() {
  for (const name of readdirSync(fresh).filter((file) => COMPRESSED.test(file))) {
    const content = readFileSync(join(fresh, name))
    writeFileSync(join(fresh, `${name}.gz`), gzipSync(content, { level: 9 }))
    writeFileSync(join(fresh, `${name}.br`), brotliCompressSync(content))
  }
}

rmSync(fresh, { recursive: true, force: true })
mkdirSync(fresh, { recursive: true })
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { console: "src/console.js", public: "src/public.js", status: "src/public.css", theme: "src/theme.js" },
  outdir: fresh,
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome110", "firefox115", "safari16"],
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  legalComments: "external",
  metafile: true,
  logLevel: "warning",
})
const manifest = {}
for (const output of Object.keys(metafile.outputs)) {
  const name = basename(output)
  manifest[name.replace(/-[0-9A-Z]{8}(?=\.)/, "")] = name
}
const symbols = iconsUsed().map(symbolOf)
manifest["icons.svg"] = writeHashed(
  "icons", "svg", `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`)
writeFileSync(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`)
compress()
rmSync(target, { recursive: true, force: true })
renameSync(fresh, target)
console.log(`built ${Object.keys(manifest).length} assets and ${symbols.length} icons into ${relative(process.cwd(), target)}`)
