import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followTheme } from "~/theme";
import "~/i18n";
import "~/features";
import { App } from "~/app/App";
import { loadPacks } from "~/packs";
import { useServer } from "~/stores/server";

followTheme();

// The server keeps the token in a cookie now: it need not stand in the history, nor in a copied address.
if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname);

/** For style sheets and tests: data-ready says that the node types are there. */
const tell = ({ ready }: { ready: boolean }) => void (document.documentElement.dataset["ready"] = String(ready));
tell(useServer.getState());
useServer.subscribe(tell);

await loadPacks();

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
