/** What axe finds at fault in a page. */

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

/** One line for each element at fault, once no movement is under way.
 *
 * The page has no frames of others: axe need not gather its findings in a second page (legacy mode), nor write down
 * what is well, which together take three quarters of its time.
 * @param within a selector: only there. */
export async function faults({ page }: { readonly page: Page }, within?: string): Promise<string[]> {
  await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))));
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] });
  const { violations } = await (within === undefined ? axe : axe.include(within)).analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${help} — ${target.join(" ")} — ${failureSummary?.split("\n")[1]}`,
    ),
  );
}
