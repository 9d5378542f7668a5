/** The files of the chart that are made from its values' definition and from the custom resource: `npm run generate`. */
import { chartReadme } from './src/chart-readme.ts';
import { crdTemplate } from './src/crd-template.ts';
import { dashboard } from './src/dashboard/dashboard.ts';
import { valuesSchema } from './src/values-schema.ts';
import { valuesYaml } from './src/values-yaml.ts';

/** Every generated file by its path in the repository. */
export const GENERATED_FILES: ReadonlyMap<string, () => string> = new Map([
  ['charts/checkpoint-warden/values.yaml', valuesYaml],
  ['charts/checkpoint-warden/values.schema.json', valuesSchema],
  ['charts/checkpoint-warden/README.md', chartReadme],
  ['charts/checkpoint-warden/templates/crd.yaml', crdTemplate],
  ['charts/checkpoint-warden/files/dashboard.json', dashboard],
]);
