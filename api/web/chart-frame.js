// Inside the chart's sandboxed frame: draws what the page sends, and sends back a picture when asked.

let view = null;

const ink = (dark) => (dark ? "#d7dee8" : "#2a3342");

addEventListener("message", async ({ data }) => {
  if (data.spec) {
    const colour = ink(data.dark), line = data.dark ? "#313b49" : "#dfe3ea";
    const config = {
      background: "transparent", font: "system-ui, sans-serif", title: { color: colour, fontSize: 13, anchor: "start" },
      axis: { labelColor: colour, titleColor: colour, gridColor: line, domainColor: line, tickColor: line },
      legend: { labelColor: colour, titleColor: colour }, view: { stroke: null }, mark: { color: "#c2410c" },
      range: { category: ["#c2410c", "#2563a8", "#5b8c2a", "#8a4fb0", "#b08900", "#0f8a8a"] },
    };
    const own = data.spec.hconcat || data.spec.vconcat || data.spec.facet || data.spec.spec; // several views size themselves
    const spec = { height: 220, ...data.spec, ...(own ? {} : { width: "container" }), $schema: undefined, autosize: { type: "fit", contains: "padding" } };
    const result = await window.vegaEmbed("#chart", spec, { actions: false, renderer: "svg", config });
    view = result.view;
    parent.postMessage({ height: document.getElementById("chart").scrollHeight + 6 }, "*");
  } else if (data.save && view) {
    parent.postMessage({ png: await view.toImageURL("png", 2) }, "*");
  }
});
parent.postMessage({ ready: true }, "*");
