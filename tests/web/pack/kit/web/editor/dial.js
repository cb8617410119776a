// A slider that says its value in a corner.
export function dial(element, props) {
  const label = document.createElement("label");
  const range = Object.assign(document.createElement("input"), { type: "range", className: "kit-dial" });
  const value = document.createElement("output");
  let now = props;
  label.style.cssText = "display: flex; align-items: center; gap: 6px; height: 100%; padding: 0 8px";
  range.style.cssText = "flex: 1; min-width: 0";
  range.addEventListener("input", () => now.change(Number(range.value)));
  label.append(props.label, range, value);
  element.append(label);
  const update = (next) => {
    now = next;
    Object.assign(range, { min: next.input.min, max: next.input.max, disabled: next.disabled });
    range.value = value.value = String(next.value);
  };
  update(props);
  return { update };
}
