// What a dashboard's variables become: in queries a regular expression, in links and texts what the format asks for.

/** The variables of a dashboard with all of their values selected, and the window as `__from` and `__to`. */
export function chosen(dashboard, window) {
  const values = { __from: window.from, __to: window.to, __interval: `${window.step}s` };
  // As Grafana's data source for Prometheus counts it: four scrapes at least.
  values.__rate_interval = `${Math.max(window.step + window.scrape, 4 * window.scrape)}s`;
  values.__range = `${Math.round((window.to - window.from) / 1000)}s`;
  values.__url_time_range = `from=${window.from}&to=${window.to}`;
  values.__all = new Set(dashboard.templating.list.filter((variable) => variable.includeAll).map(({ name }) => name));
  for (const variable of dashboard.templating.list) {
    const query = variable.type === "custom" ? variable.current.value : typeof variable.query === "string" ? variable.query : "";
    values[variable.name] = variable.includeAll ? (variable.allValue ?? ".*") : query;
  }
  return values;
}

/** A text with `$name`, `${name}`, `${name:format}` and `${__field.labels.name}` replaced; what is unknown stays. */
export function filled(text, values, scoped = {}) {
  return text.replace(/\$\{([\w.]+)(?::([\w:]+))?\}|\$(\w+)/g, (whole, braced, format, bare) => {
    const name = braced ?? bare;
    const value = reach(scoped, name) ?? values[name];
    if (value === undefined) return whole;
    if (format === "date:iso" || format === "date") return new Date(Number(value)).toISOString();
    if (format === "queryparam") return `var-${name}=${encodeURIComponent(values.__all.has(name) ? "$__all" : value)}`;
    if (format === "percentencode") return encodeURIComponent(value);
    return String(value);
  });
}

function reach(scoped, name) {
  return name.split(".").reduce((value, part) => value?.[part], scoped);
}
