// The editor of a condition: <jouren-condition catalogue="URL" check="URL" [counts]><textarea hidden>JSON</textarea>.
//
// The textarea holds the tree (jouren/conditions/tree.py), or nothing. What is shown is drawn from a draft of it, made
// of groups {mode, items} and leaves {fact, args, op, value}, and written back whenever it changes. The server says
// whether it can be asked; a part that cannot is marked with the reason.
(() => {
  const CHECK_AFTER = 400; // milliseconds without a change
  const MOST_LEVELS = 5;
  const NEGATED = { none: true };
  let catalogue; // one promise a page

  const load = (url) => {
    catalogue ??= fetch(url, { credentials: 'same-origin' }).then((answer) => {
      if (!answer.ok) throw new Error(answer.statusText);
      return answer.json();
    }).then((data) => ({ ...data, facts: new Map(data.groups.flatMap((group) => group.facts.map((fact) => [fact.name, fact]))) }));
    return catalogue;
  };

  // ---- From a tree to a draft, and back.

  const emptyLeaf = () => ({ fact: '', args: {}, op: '', value: null });

  const readNode = (tree) => ('fact' in tree
    ? { fact: tree.fact, args: { ...tree.args }, op: tree.op ?? '', value: tree.value ?? null }
    : readGroup(tree));

  const readGroup = (tree) => {
    if (!tree || typeof tree !== 'object') return { mode: 'all', items: [] };
    if (Array.isArray(tree.all)) return { mode: 'all', items: tree.all.map(readNode) };
    if (Array.isArray(tree.any)) return { mode: 'any', items: tree.any.map(readNode) };
    if (tree.not) return { mode: 'none', items: Array.isArray(tree.not.any) ? tree.not.any.map(readNode) : [readNode(tree.not)] };
    return { mode: 'all', items: 'fact' in tree ? [readNode(tree)] : [] };
  };

  const isGroup = (node) => 'mode' in node;

  const writeNode = (node) => {
    if (isGroup(node)) {
      const items = node.items.map(writeNode);
      return NEGATED[node.mode] ? { not: { any: items } } : { [node.mode]: items };
    }
    const args = Object.fromEntries(Object.entries(node.args).filter(([, value]) => value !== null && value !== ''));
    const leaf = { fact: node.fact, op: node.op, value: node.value };
    return Object.keys(args).length ? { ...leaf, args } : leaf;
  };

  const pathOf = (group, base, index) => {
    const key = NEGATED[group.mode] ? 'not.any' : group.mode;
    return `${base ? `${base}.` : ''}${key}[${index}]`;
  };

  // ---- Small makers of elements.

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, '');
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
  };

  const option = (value, label, selected) => {
    const made = make('option', { value }, label);
    made.selected = selected;
    return made;
  };

  class ConditionEditor extends HTMLElement {
    connectedCallback() {
      // While the page is read, an element is here before what is inside it.
      if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => this.begin(), { once: true });
      else this.begin();
    }

    begin() {
      if (this.root) return;
      this.text = this.querySelector('textarea');
      this.root = make('div', { class: 'jouren-condition' });
      this.append(this.root);
      load(this.getAttribute('catalogue')).then((data) => {
        this.data = data;
        this.words = data.words;
        this.draft = readGroup(this.stored());
        this.draw();
        this.check(0);
      }, () => {
        catalogue = undefined;
        this.root.append(make('p', { class: 'jouren-condition__broken' }, this.getAttribute('broken')));
      });
    }

    disconnectedCallback() {
      clearTimeout(this.timer);
      this.request?.abort();
    }

    stored() {
      try {
        return JSON.parse(this.text.value || 'null');
      } catch {
        return null;
      }
    }

    // ---- Drawing.

    draw() {
      this.places = new Map();
      this.root.replaceChildren(this.group(this.draft, null, '', 1));
      if (this.hasAttribute('counts')) {
        this.people = this.people || make('div', { class: 'jouren-condition__people', role: 'status', 'aria-live': 'polite' });
        this.root.append(this.people);
      }
    }

    group(group, parent, base, level) {
      const list = make('ol', { class: 'jouren-condition__items' }, ...group.items.map((item, index) => {
        const path = pathOf(group, base, index);
        const inner = isGroup(item) ? this.group(item, group, path, level + 1) : this.leaf(item, group);
        const row = make('li', {}, inner);
        this.places.set(path, row);
        return row;
      }));
      const mode = make('select', {
        'aria-label': this.words.how,
        class: 'jouren-condition__mode',
        onchange: (event) => { group.mode = event.target.value; this.changed(); },
      }, ...['all', 'any', 'none'].map((each) => option(each, this.words[each], each === group.mode)));
      const head = make('div', { class: 'jouren-condition__head' }, mode, parent && this.remover(group, parent, this.words.removeGroup));
      const foot = make('div', { class: 'jouren-condition__foot' },
        make('button', { type: 'button', class: 'button button-small button-secondary', onclick: () => this.add(group, emptyLeaf()) }, this.words.add),
        level < MOST_LEVELS && make('button', {
          type: 'button',
          class: 'button button-small button-secondary',
          onclick: () => this.add(group, { mode: group.mode === 'any' ? 'all' : 'any', items: [emptyLeaf()] }),
        }, this.words.group));
      const nothing = group.items.length ? null : make('p', { class: 'jouren-condition__nothing' }, this.words.nothing);
      return make('div', { class: `jouren-condition__group is-${group.mode}`, role: 'group', 'aria-label': this.words[group.mode] }, head, nothing, list, foot);
    }

    add(group, item) {
      group.items.push(item);
      this.changed();
      const row = this.places.get(this.pathTo(isGroup(item) ? item.items[0] : item));
      row?.querySelector('select')?.focus();
    }

    pathTo(item, group = this.draft, base = '') {
      for (const [index, each] of group.items.entries()) {
        const path = pathOf(group, base, index);
        if (each === item) return path;
        const inner = isGroup(each) && this.pathTo(item, each, path);
        if (inner) return inner;
      }
      return null;
    }

    remover(item, group, label) {
      return make('button', {
        type: 'button',
        class: 'jouren-condition__remove',
        'aria-label': label,
        title: label,
        onclick: () => this.remove(item, group),
      }, '×');
    }

    remove(item, group) {
      group.items.splice(group.items.indexOf(item), 1);
      const holder = !group.items.length && group !== this.draft && this.holderOf(group);
      if (holder) this.remove(group, holder);
      else this.changed();
      this.root.querySelector('.jouren-condition__foot button')?.focus();
    }

    holderOf(wanted, group = this.draft) {
      if (group.items.includes(wanted)) return group;
      return group.items.filter(isGroup).map((inner) => this.holderOf(wanted, inner)).find(Boolean);
    }

    leaf(leaf, group) {
      const fact = this.data.facts.get(leaf.fact);
      const row = make('div', { class: 'jouren-condition__parts' }, this.factChooser(leaf));
      if (fact) {
        row.append(...fact.arguments.map((argument) => this.argument(leaf, fact, argument)).filter(Boolean));
        const questions = this.questions(leaf, fact);
        if (questions.length) {
          const question = this.question(leaf, questions);
          const widgets = [this.questionChooser(leaf, questions, question), ...(question?.widget ? this.value(leaf, fact, question) : [])];
          row.append(...(this.data.value_first ? widgets.reverse() : widgets));
        }
      }
      return make('div', { class: 'jouren-condition__leaf' }, row, this.remover(leaf, group, this.words.remove));
    }

    factChooser(leaf) {
      const known = this.data.facts.has(leaf.fact);
      return make('select', {
        'aria-label': this.words.fact,
        class: 'jouren-condition__fact',
        onchange: (event) => this.ask(leaf, event.target.value),
      },
      option('', this.words.choose, !leaf.fact),
      leaf.fact && !known ? option(leaf.fact, leaf.fact, true) : null,
      ...this.data.groups.map((group) => make('optgroup', { label: group.label },
        ...group.facts.map((fact) => option(fact.name, fact.label, fact.name === leaf.fact)))));
    }

    ask(leaf, name) {
      const fact = this.data.facts.get(name);
      Object.assign(leaf, { fact: name, args: {}, op: '', value: null });
      fact?.arguments.filter((argument) => argument.required).forEach((argument) => {
        const values = this.list(argument.choices).values;
        if (values.length === 1) [[leaf.args[argument.name]]] = values;
      });
      this.settle(leaf);
      this.redraw(leaf, '.jouren-condition__fact');
    }

    // Where the question asked does not fit any more, the first one that does.
    settle(leaf) {
      const fact = this.data.facts.get(leaf.fact);
      const questions = fact ? this.questions(leaf, fact) : [];
      if (questions.length && !this.question(leaf, questions)) this.put(leaf, questions[0]);
    }

    put(leaf, question) {
      const before = leaf.value;
      leaf.op = question.op;
      if (!question.widget) leaf.value = question.value;
      else if (typeof before === 'boolean' || (question.widget === 'range') !== Array.isArray(before)) leaf.value = null;
    }

    redraw(leaf, focused) {
      this.changed();
      this.places.get(this.pathTo(leaf))?.querySelector(focused)?.focus();
    }

    argument(leaf, fact, argument) {
      const current = leaf.args[argument.name] ?? '';
      const set = (value) => { leaf.args[argument.name] = value; };
      const label = argument.label;
      if (argument.choices && !this.list(argument.choices).open) {
        return this.chooser(label, argument.choices, current, argument.required ? this.words.choose : argument.empty || '—', (value) => {
          set(value);
          // What was asked of another event says nothing of this one.
          fact.arguments.filter((each) => each.widget === 'details').forEach((each) => { leaf.args[each.name] = null; });
          if (fact.typed_by === argument.name) {
            leaf.op = '';
            leaf.value = null;
          }
          this.settle(leaf);
          this.redraw(leaf, `[aria-label="${CSS.escape(label)}"]`);
        });
      }
      if (argument.widget === 'details') return this.details(leaf, argument);
      if (argument.widget === 'days') {
        const input = this.number(label, current, set, { min: 0, step: 1, placeholder: argument.empty });
        return make('label', { class: 'jouren-condition__days' }, make('span', {}, label), input);
      }
      return this.typed(label, argument.choices, current, set);
    }

    // Questions to what an event tells of itself: {field, op, value} each, all of which must hold.
    details(leaf, argument) {
      const fields = this.data.details[leaf.args.type];
      if (!fields?.length) return null;
      const tests = Array.isArray(leaf.args[argument.name]) ? leaf.args[argument.name] : [];
      const keep = (kept) => { leaf.args[argument.name] = kept.length ? kept : null; };
      const rows = tests.map((test) => this.detail(leaf, test, fields, () => { keep(tests.filter((each) => each !== test)); this.redraw(leaf, '.jouren-condition__more'); }));
      const add = make('button', {
        type: 'button',
        class: 'button button-small button-secondary jouren-condition__more',
        onclick: () => {
          keep([...tests, { field: '', op: '', value: null }]);
          this.changed();
          [...this.places.get(this.pathTo(leaf)).querySelectorAll('.jouren-condition__detail')].pop()?.querySelector('select')?.focus();
        },
      }, this.words.detail);
      return make('span', { class: 'jouren-condition__details' }, ...rows, tests.length < 10 ? add : null);
    }

    detail(leaf, test, fields, remove) {
      const type = fields.find(([name]) => name === test.field)?.[2];
      const questions = type ? this.data.types[type].filter((each) => each.op !== 'is_set') : [];
      const field = this.chooser(this.words.detailField, null, test.field, this.words.choose, (value) => {
        Object.assign(test, { field: value ?? '', op: '', value: null });
        const kind = fields.find(([name]) => name === value)?.[2];
        if (kind) this.put(test, this.data.types[kind][0]);
        this.redraw(leaf, '.jouren-condition__detail select');
      }, fields);
      const question = this.question(test, questions);
      const widgets = questions.length ? [this.questionChooser(test, questions, question, leaf), ...(question?.widget ? this.value(test, {}, question) : [])] : [];
      const taken = make('button', { type: 'button', class: 'jouren-condition__remove', 'aria-label': this.words.remove, title: this.words.remove, onclick: remove }, '×');
      return make('span', { class: 'jouren-condition__detail' }, field, ...(this.data.value_first ? widgets.reverse() : widgets), taken);
    }

    questions(leaf, fact) {
      if (!fact.typed_by) return fact.questions;
      const type = fact.types[leaf.args[fact.typed_by]];
      return type ? this.data.types[type] : [];
    }

    question(leaf, questions) {
      const asked = questions.filter((each) => each.op === leaf.op);
      return asked.find((each) => !each.widget && each.value === leaf.value) || asked.find((each) => each.widget);
    }

    questionChooser(leaf, questions, question, shown = leaf) {
      return make('select', {
        'aria-label': this.words.question,
        class: 'jouren-condition__question',
        onchange: (event) => {
          this.put(leaf, questions[event.target.value]);
          this.redraw(shown, '.jouren-condition__question');
        },
      },
      question ? null : option('', this.words.choose, true),
      ...questions.map((each, index) => option(index, each.label, each === question)));
    }

    // ---- Values.

    value(leaf, fact, question) {
      const set = (value) => { leaf.value = value; };
      const label = this.words.value;
      const list = fact.choices && this.list(fact.choices);
      switch (question.widget) {
        case 'number':
        case 'text':
          if (list && !list.open) return [this.chooser(label, fact.choices, leaf.value ?? '', this.words.choose, (value) => { set(value); this.changed(false); })];
          return [question.widget === 'number' ? this.number(label, leaf.value, set) : this.typed(label, fact.choices, leaf.value ?? '', set)];
        case 'texts':
          return [this.texts(label, fact.choices, leaf.value, set)];
        case 'days':
          return [this.number(label, leaf.value, set, { min: 0, step: 1 })];
        case 'range': {
          const pair = Array.isArray(leaf.value) ? leaf.value : [null, null];
          const side = (index, words) => this.number(words, pair[index], (value) => { pair[index] = value; set(pair); });
          return [make('span', { class: 'jouren-condition__range' }, side(0, this.words.from), '–', side(1, this.words.to))];
        }
        case 'month':
          return [this.chooser(label, null, leaf.value ?? '', this.words.choose, (value) => { set(value); this.changed(false); },
            Array.from({ length: 12 }, (_, index) => [index + 1, String(index + 1)]))];
        default: {
          const isMoment = String(leaf.value ?? '').includes('T');
          return [this.input(label, isMoment ? 'text' : 'date', leaf.value ?? '', (value) => set(value || null))];
        }
      }
    }

    list(name) {
      return this.data.choices[name] || { open: true, values: [] };
    }

    chooser(label, name, current, empty, set, values = this.list(name).values) {
      const isKnown = values.some(([value]) => value === current);
      return make('select', {
        'aria-label': label,
        class: 'jouren-condition__choice',
        onchange: (event) => {
          const index = event.target.value;
          set(index === '' ? null : index === 'same' ? current : values[index][0]);
        },
      },
      option('', empty, current === '' || current === null),
      isKnown || current === '' || current === null ? null : option('same', String(current), true),
      ...values.map(([value, words], index) => option(index, words, value === current)));
    }

    input(label, type, current, set, attributes = {}) {
      const made = make('input', {
        type,
        'aria-label': label,
        autocomplete: 'off',
        maxlength: 500,
        ...attributes,
        oninput: (event) => { set(event.target.value); this.changed(false); },
      });
      made.value = current ?? '';
      return made;
    }

    number(label, current, set, attributes = {}) {
      const parse = (text) => set(text === '' ? null : Number(text));
      return this.input(label, 'number', current, parse, { step: 'any', inputmode: 'decimal', ...attributes });
    }

    typed(label, name, current, set) {
      const made = this.input(label, 'text', current, (text) => set(text || null));
      const values = name ? this.list(name).values : [];
      if (!values.length) return made;
      const id = `jouren-condition-${name}`;
      if (!document.getElementById(id)) {
        document.body.append(make('datalist', { id }, ...values.map(([value, words]) => make('option', { value }, words === value ? '' : words))));
      }
      made.setAttribute('list', id);
      return made;
    }

    texts(label, name, current, set) {
      const split = (text) => text.split(/[,、]/).map((part) => part.trim()).filter(Boolean);
      const list = name && this.list(name);
      if (list && !list.open) return this.choices(label, list.values, Array.isArray(current) ? current : [], set);
      const text = Array.isArray(current) ? current.join(', ') : current ?? '';
      return this.input(label, 'text', text, (typed) => set(split(typed)), { placeholder: this.words.separated });
    }

    choices(label, values, current, set) {
      return make('span', { class: 'jouren-condition__checks', role: 'group', 'aria-label': label }, ...values.map(([value, words]) => {
        const box = make('input', { type: 'checkbox', onchange: (event) => {
          const chosen = new Set(current);
          if (event.target.checked) chosen.add(value); else chosen.delete(value);
          current = [...chosen];
          set(current);
          this.changed(false);
        } });
        box.checked = current.includes(value);
        return make('label', {}, box, words);
      }));
    }

    // ---- Writing back, and asking the server.

    changed(redraw = true) {
      if (redraw) this.draw();
      this.text.value = this.draft.items.length ? JSON.stringify(writeNode(this.draft)) : '';
      for (const name of ['input', 'change']) this.text.dispatchEvent(new Event(name, { bubbles: true }));
      this.check();
    }

    check(after = CHECK_AFTER) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.askServer(), after);
    }

    async askServer() {
      this.request?.abort();
      if (!this.text.value && !this.hasAttribute('counts')) {
        this.mark(null);
        return;
      }
      this.request = new AbortController();
      const body = new FormData();
      body.append('condition', this.text.value);
      if (this.hasAttribute('counts')) body.append('count', '1');
      if (this.hasAttribute('segment')) body.append('segment', this.getAttribute('segment'));
      const token = this.closest('form')?.querySelector('[name=csrfmiddlewaretoken]')?.value || '';
      this.people?.setAttribute('aria-busy', 'true');
      try {
        const answer = await fetch(this.getAttribute('check'), {
          method: 'POST', body, headers: { 'X-CSRFToken': token }, credentials: 'same-origin', signal: this.request.signal,
        });
        this.show(await answer.json());
      } catch (error) {
        if (error.name !== 'AbortError') this.mark(null);
      }
    }

    show(answer) {
      this.mark(answer.message && this.draft.items.length ? answer : null);
      if (!this.people) return;
      this.people.removeAttribute('aria-busy');
      this.people.replaceChildren();
      if (answer.message) {
        this.people.append(make('p', { class: 'jouren-condition__why' }, answer.message));
        return;
      }
      if (answer.note) this.people.append(make('p', {}, answer.note));
      if (answer.count) this.people.append(make('p', { class: 'jouren-condition__count' }, make('strong', {}, answer.count), ` ${answer.unit}`));
      if (answer.sample?.length) {
        this.people.append(make('ul', {}, ...answer.sample.map((person) => make('li', {}, person.url
          ? make('a', { href: person.url, target: '_blank', rel: 'noopener' }, person.name)
          : person.name))));
      }
    }

    // Marks the part that cannot be asked: the innermost one shown that the path leads through.
    mark(problem) {
      this.root.querySelectorAll('.jouren-condition__problem').forEach((note) => note.remove());
      this.root.querySelectorAll('[aria-invalid]').forEach((part) => part.removeAttribute('aria-invalid'));
      if (!problem) return;
      const found = [...this.places.keys()].filter((path) => problem.path.startsWith(path)).sort((a, b) => b.length - a.length)[0];
      const row = this.places.get(found);
      const note = make('p', { class: 'jouren-condition__problem' }, problem.message);
      (row || this.root).append(note);
      row?.querySelectorAll('.jouren-condition__parts > :is(select, input)').forEach((part) => part.setAttribute('aria-invalid', 'true'));
    }
  }

  if (!customElements.get('jouren-condition')) customElements.define('jouren-condition', ConditionEditor);
})();
