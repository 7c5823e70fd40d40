// Validates manifests by Kubernetes' own OpenAPI schemas, as the package kubernetes-models has them: node check.mjs FILE...
// Its validators check required fields, types and formats. Fields that do not exist they let pass, so TypeScript's compiler checks each
// manifest as a literal of the model's type, too.
import { readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";
import { parseAllDocuments } from "yaml";

const TYPED = "manifest.ts";

function faultsOfFields(manifest) {
  const type = `I${manifest.kind}`;
  writeFileSync(
    TYPED,
    `import type { ${type} } from "kubernetes-models/${manifest.apiVersion}";\n` +
      `export const manifest: ${type} = ${JSON.stringify(manifest, null, 1)};\n`,
  );
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  return ts.getPreEmitDiagnostics(ts.createProgram([TYPED], options)).map((one) => ts.flattenDiagnosticMessageText(one.messageText, " "));
}

let faults = 0;
for (const file of process.argv.slice(2)) {
  for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
    try {
      if (document.errors.length > 0) {
        throw document.errors[0];
      }
      const manifest = document.toJS();
      const models = await import(`kubernetes-models/${manifest.apiVersion}`);
      const Model = models[manifest.kind];
      if (Model === undefined) {
        throw new Error(`${manifest.apiVersion} has no ${manifest.kind}`);
      }
      new Model(manifest).validate();
      const fields = faultsOfFields(manifest);
      if (fields.length > 0) {
        throw new Error(fields.join("; "));
      }
      console.log(`${file}: ${manifest.kind} is valid`);
    } catch (fault) {
      faults++;
      console.error(`${file}: ${fault.message}`);
    }
  }
}
process.exit(faults === 0 ? 0 : 1);
