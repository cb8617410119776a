import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "~/theme/tokens.css";
import "~/i18n";
import "~/features";
import { App } from "~/app/App";
import { useServer } from "~/stores/server";

/** For style sheets and tests: data-ready says that the node types are there. */
const tell = ({ ready }: { ready: boolean }) => void (document.documentElement.dataset["ready"] = String(ready));
tell(useServer.getState());
useServer.subscribe(tell);

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
