import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { restUnattended } from "./api/attended";
import { queries } from "./api/queries";
import { router } from "./router";
import { applyTheme } from "./shell/theme";
import "./theme/base.css";
import { Toasts } from "./ui/Toasts";

applyTheme();
restUnattended();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      {/* The content security policy forbids style elements; the components' own sheets hold what those would. */}
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={queries}>
          <Toasts>
            <RouterProvider router={router} />
          </Toasts>
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>,
  );
}
