import hooks from "eslint-plugin-react-hooks";
import a11y from "eslint-plugin-jsx-a11y";
import ts from "typescript-eslint";

export default ts.config(
  ...ts.configs.strict,
  a11y.flatConfigs.recommended,
  { plugins: { "react-hooks": hooks }, rules: { "react-hooks/rules-of-hooks": "error", "react-hooks/exhaustive-deps": "error" } },
  {
    rules: {
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "the content security policy forbids it, and so does sense" },
        { property: "dangerouslySetInnerHTML", message: "everything from a provider or publisher is hostile" },
      ],
      "no-restricted-globals": ["error", { name: "EventSource", message: "it can send no header; use src/api/live" }],
    },
  },
);
