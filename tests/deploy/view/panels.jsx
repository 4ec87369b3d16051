// Draws one panel of each kind with the components that Grafana itself draws with.
import {
  FieldType, applyFieldOverrides, cacheFieldDisplayNames, dateTime, getFieldDisplayValues, renderMarkdown,
  standardTransformers, standardTransformersRegistry, transformDataFrame, FieldConfigOptionsRegistry,
  identityOverrideProcessor,
} from "@grafana/data";
import { BarGauge, BigValue, Table, TimeSeries, VizRepeater } from "@grafana/ui";
import { filled } from "./variables.js";

const PLAIN = ["unit", "min", "max", "decimals", "displayName", "noValue", "color", "thresholds", "mappings", "links"];
const CUSTOM = [
  "drawStyle", "lineInterpolation", "lineWidth", "lineStyle", "fillOpacity", "fillBelowTo", "gradientMode", "showPoints",
  "pointSize", "stacking", "spanNulls", "thresholdsStyle", "axisPlacement", "axisLabel", "axisSoftMin", "axisSoftMax",
  "axisColorMode", "axisBorderShow", "axisCenteredZero", "axisGridShow", "axisWidth", "scaleDistribution", "hideFrom",
  "barAlignment", "barWidthFactor", "insertNulls", "align", "cellOptions", "width", "minWidth", "filterable", "inspect",
];
const LINES = {
  drawStyle: "line", lineInterpolation: "linear", lineWidth: 1, fillOpacity: 0, gradientMode: "none",
  showPoints: "auto", pointSize: 5, spanNulls: false, axisPlacement: "auto", axisLabel: "", axisColorMode: "text",
  scaleDistribution: { type: "linear" }, stacking: { mode: "none", group: "A" },
  thresholdsStyle: { mode: "off" }, hideFrom: { legend: false, tooltip: false, viz: false }, barAlignment: 0,
};
const CELLS = { align: "auto", cellOptions: { type: "auto" }, inspect: false };

const BY_ID = new Map(Object.values(standardTransformers).map((one) => [one.id, one])); // some have two names
standardTransformersRegistry.setInit(() =>
  [...BY_ID].map(([id, transformation]) => ({ id, name: transformation.name, transformation, editor: () => null })),
);

const registry = new FieldConfigOptionsRegistry(() => [
  ...PLAIN.map((id) => option(id, id, false)),
  ...CUSTOM.map((id) => option(`custom.${id}`, id, true)),
]);

function option(id, path, isCustom) {
  const common = { id, path, isCustom, name: id, settings: {}, shouldApply: () => true };
  return { ...common, process: identityOverrideProcessor, override: () => null, editor: () => null };
}

/** What a panel shows: frames transformed, with their units, colours, texts and links. */
export async function dressed(panel, raw, values, theme) {
  const transformed = await new Promise((done) =>
    transformDataFrame(panel.transformations ?? [], raw).subscribe({ next: done }),
  );
  const custom = panel.type === "table" ? CELLS : LINES;
  const defaults = { mappings: [], ...panel.fieldConfig?.defaults };
  defaults.custom = { ...custom, ...panel.fieldConfig?.defaults?.custom };
  if (panel.type === "timeseries") defaults.color ??= { mode: "palette-classic" };
  const dressed = applyFieldOverrides({
    data: transformed,
    fieldConfig: { defaults, overrides: panel.fieldConfig?.overrides ?? [] },
    fieldConfigRegistry: registry,
    replaceVariables: (text, scoped) => filled(text, values, labelsOf(scoped)),
    theme,
    timeZone: "utc",
  });
  // As Grafana's panels do: a colour that goes by the name is that of the line and of its legend.
  cacheFieldDisplayNames(dressed);
  return dressed;
}

function labelsOf(scoped) {
  const context = scoped?.__dataContext?.value;
  if (!context) return {};
  const { field, frame, rowIndex, calculatedValue } = context;
  const fields = Object.fromEntries((frame?.fields ?? []).map((one) => [one.name, one.values[rowIndex ?? 0]]));
  return { __field: { labels: field?.labels ?? {}, name: field?.name }, __data: { fields }, __value: { raw: calculatedValue?.numeric ?? field?.values[rowIndex ?? 0] } };
}

/** Whether a number is shown: an answer of nothing but NaN is none. */
export function hasValues(data) {
  return data.some((frame) =>
    frame.fields.some(({ type, values }) =>
      type === FieldType.number && [...values].some((value) => Number.isFinite(value)),
    ),
  );
}

export function Content({ panel, data, values, window, theme, width, height }) {
  if (panel.type === "text") {
    const html = renderMarkdown(filled(panel.options.content, values), { noSanitize: false });
    return <div className="markdown-html" style={{ height, overflow: "auto" }} dangerouslySetInnerHTML={{ __html: html }} />;
  }
  const Kind = { timeseries: Lines, stat: Numbers, bargauge: Bars, table: Cells }[panel.type];
  if (!Kind) throw new Error(`no panel of type ${panel.type} can be drawn`);
  const single = panel.type === "stat" && panel.fieldConfig?.defaults?.noValue;
  if (!hasValues(data) && !single) {
    const text = panel.fieldConfig?.defaults?.noValue ?? "No data";
    return <div className="nothing" style={{ height }}>{text}</div>;
  }
  return <Kind {...{ panel, data, values, window, theme, width, height }} />;
}

function Lines({ panel, data, window, width, height }) {
  const timeRange = { from: dateTime(window.from), to: dateTime(window.to), raw: { from: "", to: "" } };
  return (
    <TimeSeries
      frames={data} structureRev={1} timeRange={timeRange} timeZone="utc" width={width} height={height}
      legend={panel.options.legend} options={panel.options}
    />
  );
}

function displays({ panel, data, values, theme }) {
  return getFieldDisplayValues({
    data, theme, timeZone: "utc",
    fieldConfig: panel.fieldConfig,
    reduceOptions: { calcs: ["lastNotNull"], values: false, fields: "", ...panel.options?.reduceOptions },
    replaceVariables: (text, scoped) => filled(text, values, labelsOf(scoped)),
  });
}

function Numbers(props) {
  const { theme, panel, width, height } = props;
  const shown = { orientation: "auto", graphMode: "area", colorMode: "value", justifyMode: "auto", textMode: "auto", ...panel.options };
  const count = displays(props).length;
  return (
    <VizRepeater
      getValues={() => displays({ ...props })} renderCounter={0} width={width} height={height} source={{}}
      orientation={shown.orientation} itemSpacing={3}
      renderValue={({ value, width: wide, height: high }) => (
        <BigValue
          value={value.display} count={count} width={wide} height={high} theme={theme} text={shown.text}
          colorMode={shown.colorMode} graphMode="none" justifyMode={shown.justifyMode} textMode={named(shown, count)}
        />
      )}
    />
  );
}

function named({ textMode }, count) {
  return textMode === "auto" ? (count > 1 ? "value_and_name" : "value") : textMode;
}

function Bars(props) {
  const { theme, panel, width, height } = props;
  const shown = {
    displayMode: "gradient", valueMode: "color", namePlacement: "auto", showUnfilled: true, minVizWidth: 8,
    minVizHeight: 16, maxVizHeight: 300, ...panel.options,
  };
  const shows = displays(props);
  const titles = shows.map(({ display }) => display.title ?? "");
  const longest = titles.reduce((long, title) => (title.length > long.length ? title : long), "");
  return (
    <VizRepeater
      getValues={() => shows} renderCounter={0} width={width} height={height} source={{}}
      orientation={shown.orientation} itemSpacing={10} minVizWidth={shown.minVizWidth}
      minVizHeight={shown.minVizHeight} maxVizHeight={shown.maxVizHeight}
      getAlignmentFactors={() => ({ title: longest, text: "00,000.0 min" })}
      renderValue={({ value, width: wide, height: high, alignmentFactors, orientation }) => (
        <BarGauge
          value={value.display} width={wide} height={high} theme={theme} orientation={orientation}
          field={value.field} text={shown.text} display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          itemSpacing={10} lcdCellWidth={12} displayMode={shown.displayMode} alignmentFactors={alignmentFactors}
          showUnfilled={shown.showUnfilled} valueDisplayMode={shown.valueMode} namePlacement={shown.namePlacement}
        />
      )}
    />
  );
}

function Cells({ data, panel, width, height }) {
  return <Table data={data[0]} width={width} height={height} showTypeIcons={false} cellHeight={panel.options?.cellHeight} />;
}
