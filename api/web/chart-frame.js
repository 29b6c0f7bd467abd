// Inside the chart's sandboxed frame: draws what the page sends, and sends back a picture when asked.

let view = null;

// 30B, not 30,000,000,000; what a log axis leaves blank stays blank.
const SHORT_LABEL = "datum.label === '' || abs(datum.value) < 10000 ? datum.label : replace(format(datum.value, '.3~s'), 'G', 'B')";

const ink = (dark) => (dark ? "#d7dee8" : "#2a3342");

addEventListener("message", async ({ data }) => {
  if (data.spec) {
    const colour = ink(data.dark), line = data.dark ? "#313b49" : "#dfe3ea";
    const narrow = data.width < 560;
    const palette = data.dark ? ["#ff9a5c", "#6fb1f5", "#9bd05f", "#c897ee", "#e7c04a", "#4fd0cf"] : ["#c2410c", "#2563a8", "#4b7d1e", "#8a4fb0", "#a37c00", "#0f7c7c"];
    const config = {
      background: "transparent", font: "system-ui, sans-serif", title: { color: colour, fontSize: 13, anchor: "start", frame: narrow ? "bounds" : "group", limit: data.width - 30 },
      axis: { labelColor: colour, titleColor: colour, titleFontWeight: "normal", gridColor: line, gridOpacity: 0.7, domainColor: line, tickColor: line, labelOverlap: "greedy", labelSeparation: 6 },
      legend: { labelColor: colour, titleColor: colour, orient: narrow ? "bottom" : "right", columns: narrow ? 3 : 1 }, view: { stroke: null }, mark: { color: palette[0] },
      range: { category: palette },
    };
    for (const channel of Object.values(data.spec.encoding || {})) {
      if (channel.type === "quantitative" && channel.axis !== null && !channel.axis?.format && !channel.axis?.labelExpr) channel.axis = { ...channel.axis, labelExpr: SHORT_LABEL };
    }
    const own = data.spec.hconcat || data.spec.vconcat || data.spec.facet || data.spec.spec; // several views size themselves
    const rows = new Set((data.spec.data?.values || []).map((row) => row[data.spec.encoding?.y?.field])).size;
    const flat = data.spec.encoding?.y?.type === "nominal"; // horizontal bars: as high as there are names
    const height = flat ? Math.max(60, rows * 30) + 60 : narrow ? 260 : 300;
    const spec = { height, ...data.spec, ...(own ? {} : { width: "container" }), $schema: undefined, autosize: { type: "fit", contains: "padding" } };
    const result = await window.vegaEmbed("#chart", spec, { actions: false, renderer: "svg", config });
    view = result.view;
    parent.postMessage({ height: document.getElementById("chart").scrollHeight + 6 }, "*");
  } else if (data.save && view) {
    parent.postMessage({ png: await view.toImageURL("png", 2) }, "*");
  }
});
parent.postMessage({ ready: true }, "*");
