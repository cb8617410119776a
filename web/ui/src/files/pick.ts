/** Choosing files of this computer. */

/** What files with workflows are called. */
export const ACCEPTED = ".json,.png,.webp,.jpg,.jpeg,.txt,application/json,image/png,image/webp,image/jpeg";

/** The files that the user picks; none if the window of the system was left. */
export function pickFiles(): Promise<readonly File[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.accept = ACCEPTED;
    input.addEventListener("change", () => resolve([...(input.files ?? [])]));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}
