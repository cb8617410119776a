import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { followTheme } from "~/theme";
import "~/i18n";
import "~/features";
import { App } from "~/app/App";

followTheme();

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
