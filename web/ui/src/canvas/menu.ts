/** Context menus: where one is asked for. */

import { type MenuRequest, useCanvas } from "./store";

export const openMenu = (menu: MenuRequest): void => useCanvas.setState({ menu });
export const closeMenu = (): void => useCanvas.setState({ menu: null });
