// Validates manifests by Kubernetes' own OpenAPI schemas, as the package kubernetes-models has them: node check.mjs FILE...
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

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
      console.log(`${file}: ${manifest.kind} is valid`);
    } catch (fault) {
      faults++;
      console.error(`${file}: ${fault.message}`);
    }
  }
}
process.exit(faults === 0 ? 0 : 1);
