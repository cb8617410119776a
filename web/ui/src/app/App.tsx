import { bars } from "~/shell/slots";

/** The frame: bars, panels, the canvas, dialogs. */
export function App() {
  return (
    <main>
      {bars.map(({ id, component: Bar }) => (
        <Bar key={id} />
      ))}
    </main>
  );
}
