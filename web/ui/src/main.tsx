import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "~/theme/tokens.css";
import "~/i18n";
import "~/features";
import { App } from "~/app/App";

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
