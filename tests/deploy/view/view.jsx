// Lays a dashboard out as Grafana does: 24 columns at a desk, one below the other on a telephone. `draw` is called by
// tests, and every panel says in its attributes what became of it: ok, empty or error.
import { createTheme } from "@grafana/data";
import { GlobalStyles, Icon, PanelChrome, ThemeContext } from "@grafana/ui";
import { createRoot } from "react-dom/client";
import "uplot/dist/uPlot.min.css";
import { frames } from "./answers.js";
import { Content, dressed, hasValues } from "./panels.jsx";
import { chosen, filled } from "./variables.js";

const UNIT = 30;
const GAP = 8;
const MARGIN = 16;
const NARROW = 769;
const POINTS_APART = 3; // pixels between two points of a line

const theme = createTheme({ colors: { mode: "light" } });

function place({ x, y, w, h }, total) {
  const column = (total - 23 * GAP) / 24;
  return { left: x * (column + GAP), top: y * (UNIT + GAP), width: w * column + (w - 1) * GAP, height: h * UNIT + (h - 1) * GAP };
}

function stacked(panels, total) {
  let top = 0;
  return [...panels]
    .sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)
    .map((panel) => {
      const height = panel.gridPos.h * UNIT + (panel.gridPos.h - 1) * GAP;
      const spot = { left: 0, top, width: total, height };
      top += height + GAP;
      return { panel, spot };
    });
}

async function answered(panel, values, window) {
  try {
    const data = await dressed(panel, await frames(panel, values, window), values, theme);
    return { data, state: panel.type === "text" || hasValues(data) ? "ok" : "empty" };
  } catch (error) {
    return { data: [], state: "error", error: String(error.message ?? error) };
  }
}

function Panel({ panel, spot, answer, values, window }) {
  const { data, state, error } = answer;
  const links = (panel.links ?? []).map((link) => `${link.title} ${filled(link.url, values)}`);
  const perValue = data.flatMap((frame) =>
    frame.fields.flatMap((field) => Array.from(field.values, (_, row) => field.getLinks?.({ valueRowIndex: row }) ?? []).flat()),
  );
  const items = links.length ? [<span key="links" title={links.join("\n")} className="links"><Icon name="external-link-alt" /></span>] : [];
  return (
    <div
      className="panel" style={{ position: "absolute", ...spot }} data-title={panel.title} data-state={state}
      data-error={error} data-links={JSON.stringify([...links, ...perValue.map((link) => `${link.title} ${link.href}`)])}
    >
      <PanelChrome
        width={spot.width} height={spot.height} title={panel.title} description={panel.description}
        displayMode={panel.transparent ? "transparent" : "default"} titleItems={items}
        statusMessage={error}
      >
        {(width, height) =>
          error ? <pre className="error">{error}</pre> : <Content {...{ panel, data, values, window, theme, width, height }} />
        }
      </PanelChrome>
    </div>
  );
}

function Head({ dashboard, window, values }) {
  const variables = dashboard.templating.list.filter((variable) => variable.hide !== 2);
  return (
    <header>
      <h1>{dashboard.title}</h1>
      <div className="bar">
        {variables.map((variable) => (
          <span className="variable" key={variable.name}>
            <label>{variable.label}</label> {variable.includeAll ? "All" : (variable.current?.text ?? "Prometheus")}
          </span>
        ))}
        {dashboard.links.map((link) => (
          <a className="variable" key={link.title} href={filled(link.url ?? "#", values)}>
            <Icon name={link.type === "link" ? "external-link-alt" : "apps"} /> {link.title}
          </a>
        ))}
        <span className="variable">
          {new Date(window.from).toISOString().slice(11, 16)} to {new Date(window.to).toISOString().slice(11, 16)} UTC
        </span>
      </div>
    </header>
  );
}

function Row({ panel, spot }) {
  return (
    <h2 className="row" style={{ position: "absolute", ...spot }}>
      <Icon name={panel.collapsed ? "angle-right" : "angle-down"} /> {panel.title}
      {panel.collapsed ? <small> ({panel.panels.length} panels)</small> : null}
    </h2>
  );
}

/** Draw a dashboard, with its collapsed rows open where `open` says so, and return its height. */
export async function draw(dashboard, { prometheus, from, to, scrape, open = true }) {
  await Promise.all(["400 14px Inter", "500 14px Inter"].map((font) => document.fonts.load(font))); // texts are measured
  const total = innerWidth - 2 * MARGIN;
  const narrow = innerWidth < NARROW;
  const panels = open ? dashboard.panels.flatMap(unfolded) : dashboard.panels;
  const placed = narrow ? stacked(panels, total) : panels.map((panel) => ({ panel, spot: place(panel.gridPos, total) }));
  const drawn = await Promise.all(
    placed.map(async ({ panel, spot }) => {
      const points = spot.width / POINTS_APART;
      const window = { prometheus, from, to, scrape, step: Math.max(scrape, Math.ceil((to - from) / 1000 / points)) };
      const values = chosen(dashboard, window);
      const answer = panel.type === "row" ? null : await answered(panel, values, window);
      return { panel, spot, values, window, answer };
    }),
  );
  const bottom = Math.max(...placed.map(({ spot }) => spot.top + spot.height));
  const { values, window } = drawn[0];
  createRoot(document.getElementById("dashboard")).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Head {...{ dashboard, window, values }} />
      <main style={{ position: "relative", height: bottom, margin: MARGIN }}>
        {drawn.map(({ answer, ...one }) =>
          answer ? <Panel key={one.panel.id} answer={answer} {...one} /> : <Row key={one.panel.id} {...one} />,
        )}
      </main>
    </ThemeContext.Provider>,
  );
  return bottom;
}

function unfolded(panel) {
  return panel.type === "row" ? [{ ...panel, collapsed: false, panels: [] }, ...panel.panels] : [panel];
}

globalThis.draw = draw;
