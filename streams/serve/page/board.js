// The live board: what /api/headlines has, then what /events brings. Headlines are text, never markup.
const find = (id) => document.getElementById(id);
const list = find("headlines"), form = find("filter"), pause = find("pause"), state = find("state");
const NAMES = ["topic", "language", "source", "words"];
const MOST_ROWS = 300, MOST_WAITING = 500;
const RTL = new Set(["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"]);
const rows = new Map(); // chain → {item, headline, earlier}
let waiting = [], events = null, oldest = null, labels = {};

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  element.append(...children.filter((child) => child != null));
  return element;
};
const direction = (language) => language === "und" ? "auto" : RTL.has(language) ? "rtl" : "ltr";
// Bidi controls of a page would reorder what stands beside its headline.
const plain = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
const isolated = (text, language) => make("bdi", { lang: language, dir: direction(language) }, plain(text));

function when(instant) {
  const date = new Date(instant), today = date.toDateString() === new Date().toDateString();
  const shown = today ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false })
    : date.toLocaleDateString([], { day: "numeric", month: "short" });
  return make("time", { datetime: instant, title: date.toLocaleString() }, shown);
}

function topic(headline) {
  const own = headline.topics?.find((score) => score.topic === headline.topic);
  const names = own?.labels ?? labels[headline.category] ?? {};
  const language = names[headline.language] ? headline.language : "en";
  const text = names[language] ?? headline.category;
  return make("span", { class: "topic", title: headline.category }, isolated(text, language));
}

function changes(headline) {
  if (!headline.updates) return null;
  const parts = (headline.changes ?? []).flatMap(({ before, after }) =>
    [make("del", {}, isolated(before || "–", headline.language)), " → ",
     make("ins", {}, isolated(after || "–", headline.language)), " "]);
  return make("span", { class: "changes" }, "Updated ", ...parts);
}

function wordings(earlier, language) {
  if (!earlier.length) return null;
  return make("span", { class: "changes" }, ...earlier.flatMap((old) => [make("del", {}, isolated(old.text, language)), " "]));
}

function sources(names, sightings) {
  const [first, ...others] = names.map(plain);
  const more = others.length ? ` +${others.length}` : "";
  const times = sightings > 1 ? ` · ${sightings.toLocaleString()}×` : "";
  const title = `${names.map(plain).join(", ")}${sightings ? `; shown ${sightings.toLocaleString()} times` : ""}`;
  return make("span", { class: "sources", title }, make("bdi", {}, first), more + times);
}

function draw({ headline, sources: names, sightings, earlier }) {
  const text = isolated(headline.text, headline.language);
  const link = headline.link ? make("a", { href: headline.link, rel: "noopener noreferrer" }, text) : text;
  const button = make("button", { type: "button", "aria-expanded": "false",
    "aria-label": `Why: ${plain(headline.text)}` }, "Why");
  const item = make("li", { id: headline.chain }, when(headline.observed_at), topic(headline),
    make("span", { class: "headline", lang: headline.language, dir: direction(headline.language) },
      link, changes(headline), wordings(earlier, headline.language)),
    sources(names, sightings), button);
  button.addEventListener("click", () => explain(item, button, headline));
  for (const name of names) remember(name);
  return item;
}

function remember(name) {
  const known = find("sources");
  if (known.children.length < 200 && ![...known.children].some((option) => option.value === name)) {
    known.append(make("option", { value: name }));
  }
}

async function explain(item, button, headline) {
  const open = item.querySelector(".why");
  button.setAttribute("aria-expanded", String(!open));
  if (open) return open.remove();
  const panel = make("div", { class: "why", role: "group", "aria-label": "Why" }, "…");
  item.append(panel);
  const answer = await fetch(`/api/headlines/${encodeURIComponent(headline.id)}/why`).catch(() => null);
  panel.replaceChildren(...(answer?.ok ? sentences(await answer.json(), headline.language)
    : [make("p", {}, "The explanation is not here any more.")]));
}

function sentences({ outcome, headline, variants = [], updated_by: later = [] }, language) {
  const say = (...parts) => make("p", {}, ...parts);
  const told = [say(outcome === "update" ? "Published as an update" : "Published",
    ` because no live headline says the same. First seen at ${plain(headline.source)}, ${headline.observed_at}, id ${headline.id}.`)];
  if (headline.sightings) told.push(say(`Shown ${headline.sightings === 1 ? "once" : `${headline.sightings} times`}, last at ${headline.last_seen}.`));
  for (const change of headline.changes ?? []) {
    told.push(say(`Rule ${change.kind}: `, make("del", {}, isolated(change.before || "–", language)), " → ",
      make("ins", {}, isolated(change.after || "–", language))));
  }
  for (const variant of variants) {
    told.push(say(`Swallowed by rule ${variant.rule}: `, isolated(variant.text, language), ` (${plain(variant.source)})`));
  }
  for (const update of later) told.push(say("Updated later: ", isolated(update.text, language)));
  return told;
}

function show(row, isNew) {
  const { headline } = row, known = rows.get(headline.chain);
  if (headline.late && known) return;
  const item = draw(row);
  known?.item.remove();
  rows.set(headline.chain, { ...row, item });
  if (isNew) { item.classList.add("new"); list.prepend(item); } else list.append(item);
  while (isNew && list.children.length > MOST_ROWS) {
    rows.delete(list.lastElementChild.id);
    list.lastElementChild.remove();
    find("older").hidden = true;
  }
  find("none").hidden = true;
}

function arrive(headline) {
  const known = rows.get(headline.chain);
  const earlier = known ? [...known.earlier, known.headline] : [];
  show({ headline, earlier, sources: [headline.source], sightings: null }, true);
}

const paused = () => pause.getAttribute("aria-pressed") === "true";

function tellPause() {
  pause.textContent = !paused() ? "Pause" : waiting.length ? `Resume (${waiting.length} waiting)` : "Resume";
}

function setPaused(value) {
  pause.setAttribute("aria-pressed", String(value));
  sessionStorage.setItem("paused", String(value));
  const missed = value ? [] : waiting;
  if (!value) waiting = [];
  if (missed.length >= MOST_WAITING) load(); else missed.forEach(arrive);
  tellPause();
}

function listen(query, position) {
  events?.close();
  events = new EventSource(`/events?${query}${query ? "&" : ""}sightings&after=${encodeURIComponent(position)}`);
  events.addEventListener("headline", ({ data }) => {
    const headline = JSON.parse(data);
    if (!paused()) return arrive(headline);
    if (waiting.length < MOST_WAITING) waiting.push(headline);
    tellPause();
  });
  events.addEventListener("sightings", ({ data }) => {
    const seen = JSON.parse(data), known = rows.get(seen.chain);
    if (known?.headline.id !== seen.id) return;
    known.item.querySelector(".sources").replaceWith(sources([...new Set([known.headline.source, ...seen.sources])], seen.sightings));
  });
  events.addEventListener("ended", ({ data }) => {
    const { chain } = JSON.parse(data);
    rows.get(chain)?.item.remove();
    rows.delete(chain);
    waiting = waiting.filter((headline) => headline.chain !== chain);
    find("none").hidden = rows.size > 0;
    tellPause();
  });
  events.addEventListener("reset", () => load());
  events.addEventListener("open", () => tell("Live", false));
  events.addEventListener("error", () => tell("Connection lost; trying again…", true));
}

function tell(text, lost) {
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle("lost", lost);
}

const wanted = () => new URLSearchParams([...new URLSearchParams(location.search)].filter(([name, value]) => NAMES.includes(name) && value));

async function page(before) {
  const query = wanted();
  if (before != null) query.set("before", before);
  const answer = await fetch(`/api/headlines?${query}`).catch(() => null);
  if (answer?.ok) return answer.json();
  const problem = await answer?.json().catch(() => null);
  tell(problem?.detail ?? "Not reachable; trying again…", true);
  if (!problem || answer.status >= 500 || answer.status === 429) setTimeout(load, 3000);
  return null;
}

async function load() {
  const answer = await page(null);
  if (!answer) return;
  rows.clear();
  waiting = [];
  list.replaceChildren();
  answer.headlines.forEach((row) => show(row, false));
  find("none").hidden = answer.headlines.length > 0;
  mark(answer);
  tellPause();
  listen(wanted().toString(), answer.position);
}

function mark(answer) {
  oldest = answer.headlines.at(-1)?.number ?? null;
  find("older").hidden = answer.headlines.length < 100;
}

find("older").addEventListener("click", async () => {
  const answer = await page(oldest);
  if (!answer) return;
  answer.headlines.filter((row) => !rows.has(row.headline.chain)).forEach((row) => show(row, false));
  mark(answer);
});

pause.addEventListener("click", () => setPaused(!paused()));

function fillForm() {
  const query = wanted();
  for (const name of NAMES) {
    const field = form.elements[name], value = query.get(name) ?? "";
    if (field.tagName === "SELECT" && value && ![...field.options].some((option) => option.value === value)) {
      field.append(make("option", { value }, value));
    }
    field.value = value;
  }
  find("feed").href = `/all.atom${query.size ? `?${query}` : ""}`;
}

function choose(event) {
  event?.preventDefault();
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.pushState(null, "", query.size ? `?${query}` : location.pathname);
  fillForm();
  load();
}

form.addEventListener("submit", choose);
form.addEventListener("change", ({ target }) => { if (target.tagName === "SELECT") choose(); });
addEventListener("popstate", () => { fillForm(); load(); });

if (sessionStorage.getItem("paused") === "true") pause.setAttribute("aria-pressed", "true");
const [topics] = await Promise.all([
  fetch("/api/topics").then((answer) => answer.json()).catch(() => []),
  load(),
]);
for (const { slug, labels: names } of topics) {
  labels[slug] = names ?? {};
  form.elements.topic.append(make("option", { value: slug }, names?.en ?? slug));
}
fillForm();
