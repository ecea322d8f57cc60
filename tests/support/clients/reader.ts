// Reads the API by types generated of its description alone: `node reader.js ADDRESS KEY` prints what it read as JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Project = components["schemas"]["ProjectSummary"];

const [address, key] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: address, headers: { Authorization: `Bearer ${key}` } });

async function projects(): Promise<Project[]> {
  const found: Project[] = [];
  let cursor: string | undefined;
  for (;;) {
    const { data, error } = await client.GET("/api/v1/projects", { params: { query: { limit: 1, cursor } } });
    if (error) throw new Error(`${error.status} ${error.title}`);
    found.push(...data.items);
    if (data.next === null) return found;
    cursor = new URL(data.next, address).searchParams.get("cursor") ?? undefined;
  }
}

async function stages(project: Project): Promise<string[]> {
  const { data } = await client.GET("/api/v1/projects/{project_id}/lifecycle", {
    params: { path: { project_id: project.project_id } },
  });
  return data ? data.stages.map((stage) => `${stage.stage} ${stage.state}`) : [];
}

async function followed(): Promise<number[]> {
  const { data } = await client.GET("/api/v1/changes", { params: { query: { after: 0, limit: 1000 } } });
  return data ? data.items.map((change) => change.change_no) : [];
}

async function refused(): Promise<string> {
  const { error } = await client.GET("/api/v1/projects/{project_id}", {
    params: { path: { project_id: "430200-nobody" } },
  });
  return error ? error.type : "";
}

const all = await projects();
const loops = await Promise.all(all.map(stages));
console.log(JSON.stringify({ projects: all, loops, changes: await followed(), refused: await refused() }));
