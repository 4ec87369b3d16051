// One headline at a time, the next after some seconds: never while paused, pointed at, focused or motion is unwanted.
const find = (id) => document.getElementById(id);
const RTL = new Set(["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"]);
const shown = find("headline"), pause = find("pause");
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
let rows = [], at = -1;

const paused = () => pause.getAttribute("aria-pressed") === "true";

function setPaused(value) {
  pause.setAttribute("aria-pressed", String(value));
  pause.textContent = value ? "Resume" : "Pause";
  sessionStorage.setItem("paused", String(value));
}

function next() {
  if (!rows.length) return;
  at = (at + 1) % rows.length;
  const { text, language, link } = rows[at].headline;
  const words = document.createElement("bdi");
  words.textContent = text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
  const inner = link ? Object.assign(document.createElement("a"), { href: link, target: "_top", rel: "noopener noreferrer" }) : words;
  if (link) inner.append(words);
  shown.lang = language;
  shown.dir = language === "und" ? "auto" : RTL.has(language) ? "rtl" : "ltr";
  shown.replaceChildren(inner);
}

async function load() {
  const query = new URLSearchParams(location.search);
  query.set("limit", "20");
  const answer = await fetch(`/api/headlines?${query}`).catch(() => null);
  if (answer?.ok) rows = (await answer.json()).headlines;
  if (at < 0) next();
}

pause.addEventListener("click", () => setPaused(!paused()));
find("next").addEventListener("click", next);
setPaused(still || sessionStorage.getItem("paused") === "true");
await load();
setInterval(() => { if (!paused() && !document.body.matches(":hover, :focus-within")) next(); }, 7000);
setInterval(() => { if (!paused()) load(); }, 30000);
