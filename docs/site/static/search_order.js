/*
 * The search scores a word the same on each page that holds it, and puts pages of one score in the order of their titles. Here the pages
 * that name the query among their keywords come first, and of these the one that names it earliest. conf.py writes PAGE_KEYWORDS.
 */
var Scorer = {
  score: ([docname, , anchor, , score]) => {
    const query = new URLSearchParams(window.location.search).get("q") || "";
    const asked = [query, ...splitQuery(query)].map((term) => term.trim().toLowerCase());
    const place = (PAGE_KEYWORDS[docname] || []).findIndex((keyword) => asked.includes(keyword));
    return anchor || place < 0 ? score : score + 50 - place;
  },
  // As in Sphinx, which takes all of them from here or none.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
