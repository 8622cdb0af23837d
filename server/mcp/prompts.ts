import { ProtocolError, ProtocolErrorCode, type GetPromptResult } from '@modelcontextprotocol/server';

interface Prompt {
  title: string;
  description: string;
  text: string;
}

const prompts: Readonly<Record<string, Prompt>> = {
  plan_my_day: {
    title: 'Plan my day',
    description: 'Chooses what to do today from the open tasks.',
    text: 'Plan my day. Read `dashboard`, then my open tasks with `list_tasks`: those that are overdue or due today, those in progress, and the urgent ones. Propose at most seven tasks in an order, each with one sentence why, and name what can wait. Change nothing until I agree. Then set the status, due date or priority of the tasks with `update_tasks`.',
  },
  weekly_review: {
    title: 'Weekly review',
    description: 'Looks back at the week and ahead to the next one.',
    text: 'Review my week. Read `dashboard` with `days` 14, the tasks completed in the last seven days (`list_tasks` with status DONE, order COMPLETED_AT, descending, field completedAt), and the open tasks that are overdue or due in the next seven days. Summarize what was done, what is late and since when, and what comes next. Name tasks that have not changed for more than 30 days, and ask whether to keep, reschedule or cancel each. Change nothing until I agree.',
  },
  triage: {
    title: 'Triage',
    description: 'Gives open tasks a priority, a due date and an assignee.',
    text: "Triage my open tasks. Read `dashboard`, then list open tasks that have no priority (`priority` NONE), no due date (`hasDueDate` false) or no assignee (`assignee` none), with the fields priority, labels and team. Find likely duplicates with `search`. Propose a priority, a due date and an assignee for each in one table; members of a team come from `get` with the team's id. Change nothing until I agree, then send all changes in one call of `update_tasks`.",
  },
};

export const promptList = Object.entries(prompts).map(([name, { title, description }]) => ({
  name,
  title,
  description,
}));

/** @throws ProtocolError for an unknown name. */
export function promptNamed(name: string): GetPromptResult {
  const prompt = Object.hasOwn(prompts, name) ? prompts[name] : undefined;
  if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt "${name}".`);
  const { description, text } = prompt;
  return { description, messages: [{ role: 'user', content: { type: 'text', text } }] };
}
