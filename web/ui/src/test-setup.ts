import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";
import "~/i18n";

// Long, so that on a busy machine a test is late and nothing else.
configure({ asyncUtilTimeout: 30_000 });
afterEach(cleanup);
