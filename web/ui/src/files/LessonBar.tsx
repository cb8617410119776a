import { ChevronLeft, ChevronRight, GraduationCap } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { runCommand } from "~/commands/registry";
import { useTabs } from "~/stores/tabs";
import { Button, IconButton } from "~/ui/Button";
import css from "./LessonBar.module.css";
import { goToLesson, lessonIn, lessonsOf } from "./lessons";
import { loadTemplates, templateTitle, useTemplates } from "./templates";

/** Over a lesson: which it is, and the ones before and after it. */
export function LessonBar() {
  const { t } = useTranslation("lessons");
  const lessons = lessonsOf(useTemplates((s) => s.list));
  const tab = useTabs((s) => s.tabs.find((one) => one.id === s.front));
  const at = lessonIn(tab, lessons);
  const unknown = tab?.file?.kind === "template" && !lessons.length;
  useEffect(() => {
    if (unknown) void loadTemplates().catch(() => undefined);
  }, [unknown]);
  const lesson = lessons[at];
  if (!lesson) return null;
  return (
    <nav className={css["bar"]} aria-label={t("all")}>
      <GraduationCap size={16} aria-hidden />
      <span className={css["place"]}>
        {t("bar", { n: lesson.lesson, of: lessons.at(-1)?.lesson ?? lessons.length })}
      </span>
      <strong className={css["title"]}>{templateTitle(lesson.name)}</strong>
      <Button small kind="quiet" onClick={() => runCommand("file.lessons")}>
        {t("all")}
      </Button>
      <IconButton
        small
        icon={ChevronLeft}
        label={t("before")}
        disabled={at === 0}
        onClick={() => void goToLesson(-1)}
      />
      <IconButton
        small
        icon={ChevronRight}
        label={t("next")}
        disabled={at === lessons.length - 1}
        onClick={() => void goToLesson(1)}
      />
    </nav>
  );
}
