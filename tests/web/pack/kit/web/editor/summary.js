// How many nodes the workflow has, kept up to date.
export function summary(element, { graph, text }) {
  const line = document.createElement("p");
  line.style.cssText = "margin: 0; padding: 12px";
  const tell = () => {
    const nodes = Object.keys(graph.read()).filter((id) => id !== "_workflow");
    line.textContent = text("panel.nodes", { count: nodes.length });
  };
  element.append(line);
  tell();
  return { update: tell, destroy: graph.subscribe(tell) };
}
