/** English and Vietnamese, complete, by the browser's language or the reader's choice. */

import { expect, test } from "./fixture";

test.describe("a Vietnamese browser", () => {
  test.use({ locale: "vi-VN" });

  test("#34 shows the editor, the nodes and their inputs in Vietnamese", async ({ editor }) => {
    const { page } = editor;
    await editor.open();
    await expect(page.locator("html")).toHaveAttribute("lang", "vi");
    await editor.press("o");
    await expect(page.getByRole("tree", { name: "Các nút theo thứ tự chạy" })).toBeVisible();
    await page.getByRole("treeitem", { name: /KSampler/ }).click();
    const details = page.getByRole("region", { name: /^Chi tiết của/ });
    await expect(details.getByRole("group", { name: "số bước" })).toBeVisible();
    await expect(details).toContainText("Thêm nhiễu vào latent rồi khử nhiễu");
    await expect(page.locator("header, nav").first()).not.toContainText(/\b(Run|Outline|Settings)\b/);
    await editor.screenshot("vietnamese");
  });

  test("#34 #1 search finds nodes without diacritics, and đ as d", async ({ editor }) => {
    const { page } = editor;
    await editor.open();
    await editor.press("Shift+A");
    const field = page.getByRole("combobox").last();
    await field.fill("giai ma vae");
    await expect(page.getByRole("option").first()).toContainText("Giải mã VAE");
    await field.fill("dieu kien ket hop");
    await expect(page.getByRole("option").first()).toContainText("Điều kiện: kết hợp");
    await field.fill("vae decode");
    await expect(page.getByRole("option").first()).toContainText("Giải mã VAE");
  });

  test("#34 #23 problems are told in Vietnamese", async ({ editor }) => {
    const { page } = editor;
    await editor.open();
    await editor.press("o");
    await page.getByRole("treeitem", { name: /KSampler/ }).click();
    await page.getByRole("button", { name: "Ngắt mô hình" }).click();
    await expect(page.getByRole("region", { name: /^Chi tiết/ })).toContainText(
      "Cần MODEL và không có giá trị mặc định.",
    );
  });

  test("#34 #36 the form is in Vietnamese", async ({ editor }) => {
    await editor.open();
    await editor.press("Control+Shift+A");
    const form = editor.page.getByRole("region", { name: "Biểu mẫu", exact: true });
    await expect(form.getByLabel("chiều rộng", { exact: true }).first()).toBeVisible();
    await expect(form.getByRole("button", { name: /Tạo ảnh/ })).toBeVisible();
    await editor.screenshot("form-vietnamese");
  });
});

test("#34 the language can be changed while one works, and nothing is lost", async ({ editor }) => {
  const { page } = editor;
  await editor.open();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await editor.press("o");
  await page.getByRole("treeitem", { name: /^Sampler/ }).click();
  const steps = page.getByRole("region", { name: "Details of Sampler" }).getByRole("spinbutton", { name: "steps" });
  await steps.fill("31");
  await steps.press("Enter");
  await editor.command("Switch between English and Vietnamese");
  await expect(page.locator("html")).toHaveAttribute("lang", "vi");
  const details = page.getByRole("region", { name: "Chi tiết của Sampler" });
  await expect(details.getByRole("spinbutton", { name: "số bước" })).toHaveValue("31");
  await expect(page.getByRole("treeitem", { name: /Giải mã VAE/ })).toBeVisible();
  await page.reload();
  await editor.ready();
  await expect(page.locator("html")).toHaveAttribute("lang", "vi");
});
