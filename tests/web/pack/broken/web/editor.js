export default (editor) => {
  editor.registerWidget({ name: "broken.widget", fits: () => true, mount: () => undefined });
  throw new Error("the broken pack throws");
};
